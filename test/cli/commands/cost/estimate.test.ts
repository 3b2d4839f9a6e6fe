import { describe, expect, test } from 'vitest';
import {
  callsPerEvent,
  type Line,
  linesOf,
  monthlyOf,
  monthlyPolls,
  monthlyPrice,
  perMillion,
  savings,
} from '../../../../cli/commands/cost/estimate.ts';
import { dollarsOf, MONTHLY_PRICES, PRICES } from '../../../../cli/commands/cost/prices.ts';
import type { LedgerEntry } from '../../../../local/ledger/ledger.ts';

/** Two caches that each received ten events in one batch. */
const entries: readonly LedgerEntry[] = [
  entry('DynamoDB', 'UpdateItem', 'client', 10, { writeUnits: 20 }),
  entry('SNS', 'PublishBatch', 'relay-1', 1, { publishRequests: 1, publishedBytes: 10_737_418.24 }),
  entry('SNS', 'delivery', 'sns', 20, { deliveredMessages: 20 }),
  entry('SQS', 'ReceiveMessage', 'mapping of projector-1', 1, { fifoChunks: 2 }),
  entry('SQS', 'ReceiveMessage', 'mapping of projector-2', 1, { fifoChunks: 2 }),
  entry('CloudWatch', 'log lines', 'projector-1', 1, { logBytes: 2 ** 30 / 100_000 }),
];

function entry(
  service: LedgerEntry['service'],
  operation: string,
  caller: string,
  requests: number,
  billed: LedgerEntry['billed'],
): LedgerEntry {
  return { service, operation, caller, resource: '', requests, billed };
}

const roleOf = (caller: string) => caller.replace(/^mapping of |-\d$/g, '');
const find = (lines: readonly Line[], unit: string) => lines.find((line) => line.unit === unit);

describe('linesOf', () => {
  const lines = linesOf({ events: 10, entries }, roleOf);

  test('a line has the requests, the units and the dollars per event', () => {
    expect(find(lines, 'writeUnits')).toEqual({
      service: 'DynamoDB',
      operation: 'UpdateItem',
      by: 'client',
      unit: 'writeUnits',
      requestsPerEvent: 1,
      billedPerEvent: 2,
      perMillionEvents: 1.25,
    });
  });

  test('the requests of all caches are one line', () => {
    const polls = find(lines, 'fifoChunks');
    expect(polls).toMatchObject({ requestsPerEvent: 0.2, billedPerEvent: 0.4 });
    expect(polls?.perMillionEvents).toBeCloseTo(0.2, 10);
  });

  test('a request that is billed by two units is two lines', () => {
    expect(find(lines, 'publishRequests')?.perMillionEvents).toBeCloseTo(0.03, 10);
    // 1 MB an event: a million of them are 1,000 GB.
    expect(find(lines, 'publishedBytes')?.perMillionEvents).toBeCloseTo(17, 6);
    expect(find(lines, 'logBytes')?.perMillionEvents).toBeCloseTo(0.5, 10);
  });

  test('the lines add up, and the most expensive service comes first', () => {
    expect(perMillion(lines)).toBeCloseTo(1.25 + 0.03 + 17 + 0.02 + 0.2 + 0.5, 6);
    expect([...new Set(lines.map(({ service }) => service))]).toEqual(['SNS', 'DynamoDB', 'CloudWatch', 'SQS']);
    expect(lines[0]?.unit).toBe('publishedBytes');
  });

  test('twice as many events with the same requests cost half as much per event', () => {
    expect(perMillion(linesOf({ events: 20, entries }, roleOf))).toBeCloseTo(perMillion(lines) / 2, 10);
  });

  test('mutant: a price per thousand instead of per million changes the result', () => {
    const wrong = { ...PRICES.writeUnits, per: 1_000 };
    expect(dollarsOf(wrong, 2_000_000)).not.toBeCloseTo(find(lines, 'writeUnits')?.perMillionEvents ?? 0);
  });
});

describe('the other figures', () => {
  test('deliveries and log lines are not counted as API calls', () => {
    expect(callsPerEvent({ events: 10, entries })).toBeCloseTo((10 + 1 + 1 + 1) / 10, 10);
  });

  test('savings are shares of the cost of the first way', () => {
    expect(savings([10, 4, 12])).toEqual([
      { perMillionChanges: 10, saved: 0 },
      { perMillionChanges: 4, saved: 0.6 },
      { perMillionChanges: 12, saved: expect.closeTo(-0.2, 10) },
    ]);
    expect(savings([0, 1])[1]?.saved).toBe(0);
  });

  test('a cost per minute is multiplied by 43,800 minutes a month', () => {
    const minute = [entry('CloudWatch', 'GetMetricData', 'report', 1, { readMetrics: 2 })];
    expect(monthlyOf(minute)).toBeCloseTo((2 / 1_000) * 0.01 * 43_800, 10);
  });

  test('an empty queue is polled 15 times a minute, and a FIFO queue costs more', () => {
    expect(monthlyPolls({ fifo: 1, standard: 0 })).toBeCloseTo(0.3285, 10);
    expect(monthlyPolls({ fifo: 0, standard: 2 })).toBeCloseTo(2 * 0.2628, 10);
  });

  test.each([
    ['customMetrics', 46, 13.8],
    ['alarmMetrics', 10, 1],
    ['dashboards', 1, 3],
  ] as const)('%s are billed by the month', (unit, amount, dollars) => {
    expect(monthlyPrice(unit, amount)).toBeCloseTo(dollars, 10);
  });

  test('every price is positive and has a known unit', () => {
    for (const { dollars, per, unit } of Object.values({ ...PRICES, ...MONTHLY_PRICES })) {
      expect(dollars).toBeGreaterThan(0);
      expect([1, 1_000, 1_000_000, 2 ** 30]).toContain(per);
      expect(unit).not.toBe('');
    }
  });
});
