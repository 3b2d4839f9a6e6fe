import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFlowStore, type FlowTable, readDecision } from '../../../adapters/govern/flow-table.ts';
import type { FlowDecision } from '../../../core/govern/decide.ts';
import type { CacheReport } from '../../../core/govern/report.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');

let tables: TestTables;
let table: FlowTable;
let store: ReturnType<typeof createFlowStore>;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  table = { client: tables.client, tableName: await tables.create('Geography') };
  store = createFlowStore(table);
});

const decision = (decidedAtMs: number, pacePerSecond: number): FlowDecision => ({
  state: 'paced',
  pacePerSecond,
  cause: { cache: 'shelf', backlog: 9, drainSeconds: null },
  retryAfterSeconds: 0,
  levels: { shelf: 'paced' },
  missing: ['depot'],
  decidedAtMs,
  validUntilMs: decidedAtMs + 180_000,
});

const report = (cache: string, atMs: number, backlog = 1): CacheReport => ({
  cache,
  atMs,
  backlog,
  productionRate: 1.5,
  consumptionRate: 0.25,
  oldestAgeSeconds: 3,
  drainSeconds: null,
  share: 0.5,
});

/** Puts an item that Freshet didn't write. */
const plant = (pk: string, id: string, rest: Record<string, { S: string } | { N: string }> = {}) =>
  table.client.send(
    new PutItemCommand({ TableName: table.tableName, Item: { pk: { S: pk }, id: { S: id }, ...rest } }),
  );

describe('what caches say about the events that they read', () => {
  const reader = (cache: string, readsCompressed: boolean, atMs = NOW) => ({ cache, readsCompressed, atMs });

  test('the last word of each cache counts, in any order in which two governors hear it', async () => {
    const other = createFlowStore(table);
    await store.saveReader(reader('shelf', true));
    await store.saveReader(reader('depot', false));
    await other.saveReader(reader('shelf', false, NOW + 60_000));
    await store.saveReader(reader('shelf', true, NOW + 30_000));
    expect(await store.readers()).toEqual([reader('depot', false), reader('shelf', false, NOW + 60_000)]);
    await other.saveReader(reader('shelf', true, NOW + 120_000));
    expect(await store.readers()).toEqual([reader('depot', false), reader('shelf', true, NOW + 120_000)]);
    expect(await store.reports()).toEqual([]);
  });

  test('a cache that reads compressed data is stored once a day, and one that does not with each report', async () => {
    await store.saveReader(reader('shelf', true));
    await store.saveReader(reader('shelf', true, NOW + 86_399_999));
    expect(await store.readers()).toEqual([reader('shelf', true)]);
    await store.saveReader(reader('shelf', true, NOW + 86_400_000));
    expect(await store.readers()).toEqual([reader('shelf', true, NOW + 86_400_000)]);
    await store.saveReader(reader('shelf', false, NOW + 86_400_001));
    await store.saveReader(reader('shelf', false, NOW + 86_400_002));
    expect(await store.readers()).toEqual([reader('shelf', false, NOW + 86_400_002)]);
  });

  test('an item that no governor wrote is left out', async () => {
    await plant('flow', 'reader#x', { json: { S: '{"cache":1}' } });
    expect(await store.readers()).toEqual([]);
  });
});

describe('the stored decision', () => {
  test('the flow table has no decision at first, and then the saved one', async () => {
    expect(await store.decision()).toBeUndefined();
    await store.saveDecision(decision(NOW, 5));
    expect(await store.decision()).toEqual(decision(NOW, 5));
    expect(await readDecision(table)).toEqual(decision(NOW, 5));
  });

  test('the flow table keeps the newest decision, in any order in which two governors save theirs', async () => {
    await store.saveDecision(decision(NOW + 1, 5));
    await store.saveDecision(decision(NOW, 6));
    expect(await store.decision()).toEqual(decision(NOW + 1, 5));
    await store.saveDecision(decision(NOW + 2, 7));
    expect(await store.decision()).toEqual(decision(NOW + 2, 7));
  });

  test('a decision replaces one from a clock that was far ahead', async () => {
    await store.saveDecision(decision(NOW + 3_600_000, 5));
    await store.saveDecision(decision(NOW, 6));
    expect(await store.decision()).toEqual(decision(NOW, 6));
  });

  test.each([
    ['invalid JSON', { json: { S: '{' } }],
    ['another shape', { json: { S: '{"state":"closed"}' }, at: { N: '1' } }],
    ['another type', { json: { N: '1' }, at: { S: 'now' } }],
    ['no attributes', {}],
  ])('an item with %s is not read as a decision, and the next decision replaces it', async (_, rest) => {
    await plant('flow', 'decision', rest);
    expect(await store.decision()).toBeUndefined();
    await store.saveDecision(decision(NOW, 5));
    expect(await store.decision()).toEqual(decision(NOW, 5));
  });
});

describe('the stored reports', () => {
  test('the flow table keeps the newest report of each cache, in any order in which they arrive', async () => {
    for (const [at, backlog] of [
      [NOW, 1],
      [NOW + 60_000, 2],
      [NOW + 30_000, 3],
    ] as const) {
      await store.saveReport(report('shelf', at, backlog));
    }
    await store.saveReport(report('depot', NOW, 4));
    expect(await store.reports()).toEqual([report('depot', NOW, 4), report('shelf', NOW + 60_000, 2)]);
  });

  test('the reports leave out invalid items, the decision and the bucket', async () => {
    await store.saveDecision(decision(NOW, 5));
    await plant('bucket', 'bucket', { freeAt: { N: '1' } });
    await plant('flow', 'report#broken', { json: { S: 'no JSON' } });
    await plant('flow', 'report#negative', { json: { S: JSON.stringify({ ...report('x', NOW), backlog: -1 }) } });
    await plant('flow', 'report#empty');
    await plant('flow', 'zzz');
    await store.saveReport(report('shelf', NOW));
    expect(await store.reports()).toEqual([report('shelf', NOW)]);
  });
});
