import Table from 'cli-table3';
import { grouped } from '../../output/numbers.ts';
import type { Line } from './estimate.ts';
import { PRICES } from './prices.ts';
import { type CostReport, type Monthly, monthlyTotal, type SelfRepairCost, type Way } from './report.ts';

/** The report as text for a terminal. */
export function renderCost(report: CostReport): string {
  const { events, caches, bytes, prices, ways, monthly, selfRepair, notes, sample } = report;
  const [first] = ways;
  return [
    `${grouped(events)} events of ${grouped(bytes)} bytes, ${caches} ${caches === 1 ? 'cache' : 'caches'}: ` +
      `${dollars(report.total)} if each arrives alone (${prices.region}, ${prices.lookedUp})`,
    `measured with ${sample.single} changes one at a time, and ${sample.changes} changes together`,
    ...(first === undefined ? [] : [linesTable(first, events)]),
    'what batching and conflation save',
    waysTable(ways),
    'per month, without any event',
    monthlyTable(monthly),
    `one cache that fills and checks itself, measured with ${grouped(selfRepair.measured)} entities`,
    selfRepairTable(selfRepair),
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}

function drawn(head: readonly string[], left: number): InstanceType<typeof Table> {
  return new Table({
    head: [...head],
    colAligns: head.map((_, index) => (index < left ? 'left' : 'right')),
    style: { head: [], border: [] },
    // The tables have too many rows for lines between them.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
}

function linesTable({ lines, perMillionChanges }: Way, events: number): string {
  const scaled = events !== 1_000_000;
  const forEvents = (perMillion: number) => (scaled ? [dollars((perMillion / 1_000_000) * events)] : []);
  const table = drawn(
    [
      'service',
      'request',
      'by',
      'per event',
      'billed',
      'price',
      'a million events',
      ...(scaled ? ['these events'] : []),
    ],
    3,
  );
  for (const line of lines) {
    table.push([
      line.service,
      line.operation,
      line.by,
      figure(line.requestsPerEvent),
      billed(line),
      price(line),
      dollars(line.perMillionEvents),
      ...forEvents(line.perMillionEvents),
    ]);
  }
  table.push(['total', '', '', '', '', '', dollars(perMillionChanges), ...forEvents(perMillionChanges)]);
  return table.toString();
}

function billed({ billedPerEvent, unit }: Line): string {
  return `${figure(billedPerEvent)} ${PRICES[unit].unit}`;
}

const PER: Readonly<Record<number, string>> = {
  1: 'each',
  1000: 'a thousand',
  1000000: 'a million',
  [2 ** 30]: 'a GB',
};

function price({ unit }: Line): string {
  const { dollars: amount, per } = PRICES[unit];
  return `$${amount} ${PER[per] ?? `for ${per}`}`;
}

function waysTable(ways: readonly Way[]): string {
  const table = drawn(['changes arrive', 'API calls a change', 'a million changes', 'saves'], 1);
  for (const { name, callsPerChange, perMillionChanges, saved } of ways)
    table.push([
      name,
      figure(callsPerChange),
      dollars(perMillionChanges),
      saved === 0 ? '-' : `${Math.round(saved * 100)}%`,
    ]);
  return table.toString();
}

function monthlyTable(monthly: readonly Monthly[]): string {
  const table = drawn(['what', 'how many', 'a month'], 1);
  const row = ({ what, amount, perMonth }: Monthly) => [
    what,
    amount === undefined ? '' : grouped(amount),
    dollars(perMonth),
  ];
  for (const one of monthly.filter(({ optional }) => !optional)) table.push(row(one));
  table.push(['total', '', dollars(monthlyTotal(monthly, false))]);
  for (const one of monthly.filter(({ optional }) => optional))
    table.push(row({ ...one, what: `PipelineMonitoring: ${one.what}` }));
  table.push(['total with PipelineMonitoring', '', dollars(monthlyTotal(monthly, true))]);
  return table.toString();
}

function selfRepairTable({ sizes }: SelfRepairCost): string {
  const table = drawn(['entities', 'a backfill', 'an inventory', 'an inventory a day, a month'], 0);
  for (const { entities, backfill, inventory, inventoriesPerMonth } of sizes)
    table.push([grouped(entities), dollars(backfill), dollars(inventory), dollars(inventoriesPerMonth)]);
  return table.toString();
}

/** An amount in US dollars: with cents from one dollar on, with two significant digits below. */
export function dollars(amount: number): string {
  if (amount >= 1_000) return `$${grouped(amount)}`;
  const digits = amount >= 1 || amount === 0 ? 2 : 1 - Math.floor(Math.log10(amount));
  return `$${amount.toFixed(Math.max(2, digits))}`;
}

/** A count per event: 1, 0.1, 1,353. */
function figure(count: number): string {
  return count >= 100 ? grouped(count) : String(Number(count.toPrecision(3)));
}
