import { describe, expect, test } from 'vitest';
import type { Counted } from '../../../../cli/commands/cost/estimate.ts';
import { dollars, renderCost } from '../../../../cli/commands/cost/render.ts';
import { costReport, type Measured } from '../../../../cli/commands/cost/report.ts';
import { sampleSize, stateOf } from '../../../../cli/commands/cost/sample.ts';
import { requirePeers } from '../../../../cli/commands/cost/synthesise.ts';
import { MAX_STATE_BYTES } from '../../../../core/state.ts';

const counted = (events: number, writeUnits: number): Counted => ({
  events,
  entries: [
    {
      service: 'DynamoDB',
      operation: 'UpdateItem',
      caller: 'client',
      resource: 'table',
      requests: events,
      billed: { writeUnits },
    },
  ],
});

const measured: Measured = {
  single: counted(100, 200),
  batched: counted(500, 500),
  conflated: counted(500, 250),
  minute: [
    {
      service: 'CloudWatch',
      operation: 'GetMetricData',
      caller: 'report',
      resource: '',
      requests: 1,
      billed: { readMetrics: 2 },
    },
  ],
  customMetrics: 10,
  fixed: {
    monthly: { alarmMetrics: 20, compositeAlarms: 0, dashboards: 1, insightRules: 0, keys: 0 },
    polled: { fifo: 1, standard: 0 },
  },
  selfRepair: { backfill: counted(2_000, 4_800), inventory: counted(2_000, 240) },
  roleOf: () => 'writer',
};

describe('costReport and renderCost', () => {
  const report = costReport({ events: 2_000_000, caches: 1, bytes: 1_000 }, measured);

  test('the total is scaled from a million events to the events of the question', () => {
    expect(report.total).toBeCloseTo(2.5, 10);
    expect(report.ways.map(({ saved }) => saved)).toEqual([0, expect.closeTo(0.5, 10), expect.closeTo(0.75, 10)]);
  });

  test('the report shows both totals, the savings, and the month with and without monitoring', () => {
    const text = renderCost(report);
    expect(text).toContain('2,000,000 events of 1,000 bytes, 1 cache: $2.50 if each arrives alone');
    expect(text).toMatch(/DynamoDB │ UpdateItem │ writer │ +1 │ 2 write units │ \$0.625 a million │ +\$1.25 │ +\$2.50/);
    expect(text).toMatch(/while paced.*│ +\$0.31 │ +75%/);
    // 0.876 for reading metrics, 3 for ten of ours, 0.3285 for polls; 2 for alarms and 3 for the dashboard.
    expect(text).toMatch(/│ total +│ +│ +\$4.20 │/);
    expect(text).toMatch(/│ total with PipelineMonitoring +│ +│ +\$9.20 │/);
  });

  test('filling and checking a cache cost in proportion to its entities, and there is an inventory a day', () => {
    // 1.5 and 0.075 dollars for a million entities; a month has 730 hours.
    expect(report.selfRepair.sizes.at(-1)).toEqual({
      entities: 1_000_000,
      backfill: expect.closeTo(1.5, 10),
      inventory: expect.closeTo(0.075, 10),
      inventoriesPerMonth: expect.closeTo((0.075 * 730) / 24, 10),
    });
    const text = renderCost(report);
    expect(text).toContain('measured with 2,000 entities');
    expect(text).toMatch(/│ +100,000 │ +\$0.15 │ +\$0.0075 │ +\$0.23 │/);
  });

  test('the report names the costs that it leaves out', () => {
    const text = renderCost(report);
    for (const left of [
      'Not counted: storage',
      'X-Ray records',
      'durations of this machine',
      'secondary sources',
      'assumed',
    ])
      expect(text).toContain(left);
  });

  test.each([
    [0, '$0.00'],
    [0.00063, '$0.00063'],
    [0.0213, '$0.021'],
    [0.3, '$0.30'],
    [12.768, '$12.77'],
    [1_234_567.8, '$1,234,568'],
  ])('%d dollars are printed as %s', (amount, text) => {
    expect(dollars(amount)).toBe(text);
  });
});

describe('the size of a sample', () => {
  test.each([
    [1, 64],
    [3, 1_000],
    [20, MAX_STATE_BYTES],
  ])('a sample for %d caches and %d bytes is neither too small nor too large', (caches, bytes) => {
    const { changes, single } = sampleSize(caches, bytes);
    expect(changes % 5).toBe(0);
    expect(changes).toBeGreaterThanOrEqual(20);
    expect(changes * caches).toBeLessThanOrEqual(2_000);
    expect(single).toBeLessThanOrEqual(Math.min(100, changes));
  });

  test.each([64, 1_000, MAX_STATE_BYTES])('a state of the sample has exactly %d bytes', (bytes) => {
    for (const n of [1, 99_999]) expect(Buffer.byteLength(JSON.stringify(stateOf(bytes, n)))).toBe(bytes);
  });
});

describe('requirePeers', () => {
  test('the packages of the sample are installed in a clone', () => {
    expect(() => requirePeers(['aws-cdk-lib', 'constructs'])).not.toThrow();
  });

  test('a missing package is refused with the command that installs it', () => {
    expect(() => requirePeers(['no-such-package'])).toThrow(
      'cost: the sample is a CDK app and needs no-such-package, which is not installed. Install it: npm install aws-cdk-lib constructs',
    );
  });
});
