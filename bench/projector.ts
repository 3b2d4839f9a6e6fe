import { assertSameContents, type BenchTables, bundles, startTables } from './support/account.ts';
import { type Load, roundOf } from './support/events.ts';
import { interleaved, type Measured, measuredOf } from './support/measure.ts';
import {
  type BenchmarkOptions,
  type BenchmarkResult,
  type Ratio,
  ratio,
  spread,
  type Table,
} from './support/result.ts';
import { runAlone } from './support/run-alone.ts';
import {
  deployedBundle,
  ours,
  oursWithMetrics,
  powertools,
  type Side,
  sequentialLoop,
  sqsConsumer,
} from './support/sides.ts';

/** A combination of load, groups and latency that is measured. */
export interface Setting {
  readonly latencyMs: number;
  readonly load: Load;
  readonly groups: number;
}

interface Outcome extends Setting {
  readonly events: number;
  readonly measured: readonly Measured[];
}

export const projector = {
  name: 'projector',
  title: 'Projector: applying batches of a FIFO queue to a table',
  async run(options: BenchmarkOptions): Promise<BenchmarkResult> {
    const outcomes: Outcome[] = [];
    for (const latencyMs of [0, 5]) {
      const tables = await startTables(options.assembly, latencyMs);
      try {
        options.onProgress(`${latencyMs} ms added: warming up`);
        await warmUp(tables, { ...options, latencyMs });
        for (const load of ['distinct', 'hot'] as const) {
          for (const groups of [1, 5, 10]) {
            options.onProgress(`${latencyMs} ms added, ${load}, ${groups} groups a batch`);
            const batches = batchesPerRound(latencyMs, load, groups);
            const setting = { latencyMs, load, groups };
            outcomes.push(await compare(tables, setting, { ...options, batches }));
          }
        }
      } finally {
        await tables.stop();
      }
    }
    return report(outcomes);
  },
};

/**
 * Runs all sides until the optimising compiler has compiled their code. The bundle has its own copy of the SDK, the
 * other sides share one. After 3,000 events the bundle's CPU per event no longer falls (measured).
 */
async function warmUp(
  tables: BenchTables,
  { assembly, latencyMs }: { readonly assembly: string; readonly latencyMs: number },
): Promise<void> {
  await tables.create('Ordering', 'bundle');
  const side = await bundleSide(tables, assembly);
  for (const batch of roundOf('distinct', 10, 300, 0)) await side.apply(batch);
  if (latencyMs > 0) return;
  await compare(tables, { latencyMs, load: 'distinct', groups: 1 }, { assembly, rounds: 4, batches: 200 });
}

function bundleSide(tables: BenchTables, assembly: string): Promise<Side> {
  const bundle = bundles(assembly).find(({ stack }) => stack === 'Ordering');
  if (bundle === undefined) throw new Error('the assembly has no projector of the boundary ordering');
  return deployedBundle(bundle.folder, 'bundle', tables.url);
}

/** About 200 events a round, 100 with latency. Batches of one entity take little time, so a round has more of them. */
function batchesPerRound(latencyMs: number, load: Load, groups: number): number {
  const size = load === 'hot' ? 10 : groups;
  return Math.min(200, Math.max(1, (latencyMs > 0 ? 100 : 200) / size)) / (latencyMs > 0 && size === 1 ? 4 : 1);
}

/** Runs all sides on the same events. Throws unless their tables then hold the same items. */
export async function compare(
  tables: BenchTables,
  { latencyMs, load, groups }: Setting,
  { assembly, rounds, batches }: { assembly: string; rounds: number; batches: number },
): Promise<Outcome> {
  const names = ['freshet', 'freshet-metrics', 'bundle', 'powertools', 'loop', 'sqs-consumer'];
  await Promise.all(names.map((name) => tables.create('Ordering', name)));
  const { client } = tables;
  const sides: Side[] = [
    ours({ client, tableName: 'freshet' }),
    oursWithMetrics({ client, tableName: 'freshet-metrics' }),
    await bundleSide(tables, assembly),
    powertools({ client, tableName: 'powertools' }),
    sequentialLoop({ client, tableName: 'loop' }),
    sqsConsumer({ client, tableName: 'sqs-consumer' }),
  ];
  try {
    const measured = await interleaved(sides, rounds, (round) => roundOf(load, groups, batches, round));
    await assertSameContents(tables, names);
    const events = batches * (load === 'hot' ? 10 : groups);
    return { latencyMs, load, groups, events, measured };
  } finally {
    for (const side of sides) await side.stop?.();
  }
}

const PEERS = [
  'Powertools SqsFifoPartialProcessorAsync',
  'sequential loop',
  'sqs-consumer handleMessageBatch',
] as const;

/** The least median ratio to Powertools that the project expects of itself, over 9 rounds. */
function barOf({ latencyMs, groups }: Setting, peer: string): number | undefined {
  if (peer !== PEERS[0]) return undefined;
  if (latencyMs === 5 && groups === 10) return 7;
  return latencyMs === 0 && groups === 1 ? 0.98 : undefined;
}

function report(outcomes: readonly Outcome[]): BenchmarkResult {
  const ratiosOf = (outcome: Outcome, side: string): Ratio[] => {
    const mine = measuredOf(outcome.measured, side).elapsedMs;
    return PEERS.map((peer) => {
      const what = `${peer}, ${describe(outcome)}${side === 'freshet' ? '' : `, with ${side}`}`;
      return ratio(what, mine, measuredOf(outcome.measured, peer).elapsedMs, barOf(outcome, peer));
    });
  };
  const all = outcomes.flatMap((outcome) => ratiosOf(outcome, 'freshet'));
  const barred = all.filter(({ bar }) => bar !== undefined);
  const bundle = outcomes
    .flatMap((outcome) => ratiosOf(outcome, "freshet's deployed bundle"))
    .filter(({ bar }) => bar !== undefined);
  const names = outcomes[0]?.measured.map(({ name }) => name) ?? [];
  const charted = outcomes.filter(({ latencyMs }) => latencyMs === 5);
  return {
    ratios: [...barred, ...bundle, ...all.filter(({ bar }) => bar === undefined)],
    tables: [speedTable(outcomes, names), cpuTable(outcomes, names)],
    charts: [
      {
        file: 'projector',
        title: 'Events applied per second, 5 ms added to each DynamoDB call',
        unit: 'events/s',
        kind: 'bar',
        categories: charted.map(({ load, groups }) => `${load}, ${groups} ${groups === 1 ? 'group' : 'groups'}`),
        series: names.map((name) => ({
          // The legend has little space. The tables have the whole name.
          name: name.replace(/ (SqsFifo|handle)\w+$/, ''),
          values: charted.map((outcome) => eventsPerSecond(outcome, name).median),
        })),
      },
    ],
  };
}

function describe({ latencyMs, load, groups }: Setting): string {
  return `${groups} ${groups === 1 ? 'group' : 'groups'}, ${latencyMs} ms, ${load}`;
}

function eventsPerSecond({ events, measured }: Outcome, name: string) {
  return spread(measuredOf(measured, name).elapsedMs.map((ms) => (1000 * events) / ms));
}

function speedTable(outcomes: readonly Outcome[], names: readonly string[]): Table {
  return {
    title: 'Events applied per second',
    note:
      'Each cell is the median of the rounds, with the lowest and the highest in parentheses. All sides use the same ' +
      'machine, engine, events, checks and conditional write, and one SDK client with the same options. After the ' +
      'runs, all tables held the same items. In a distinct load, each batch has one event for each group, and all ' +
      'entities are new. In a hot load, each batch has 10 events for the same 1, 5 or 10 entities, so it has 10, 2 ' +
      'or 1 versions of each entity. No peer emits metrics. The deployed bundle does, and has its own copy of the SDK. ' +
      'sqs-consumer receives its messages from memory and deletes none.',
    columns: ['added latency', 'entities', 'groups a batch', ...names],
    rows: outcomes.map((outcome) => [
      `${outcome.latencyMs} ms`,
      outcome.load,
      outcome.groups,
      ...names.map((name) => eventsPerSecond(outcome, name)),
    ]),
  };
}

function cpuTable(outcomes: readonly Outcome[], names: readonly string[]): Table {
  return {
    title: 'Client CPU per event, milliseconds',
    note:
      'The figures are the user and system time of the process that applies the events. They exclude the time of the ' +
      'engine. No latency was added. With one group, a batch has one event, so each event bears the cost of a batch: ' +
      'its metrics, its checks, its report. One write by the SDK takes most of each figure: see "CPU time of a write" ' +
      'under [End to end](#cpu-time-of-a-write). It also limits 10 groups with 5 ms: ten writes of a batch run at ' +
      'the same time, but take their CPU time one after another, so a batch takes about 9 ms.',
    columns: ['entities', 'groups a batch', ...names],
    rows: outcomes
      .filter(({ latencyMs }) => latencyMs === 0)
      .map(({ load, groups, events, measured }) => [
        load,
        groups,
        ...names.map((name) => spread(measuredOf(measured, name).cpuMs.map((ms) => ms / events))),
      ]),
  };
}

await runAlone(import.meta.url, projector);
