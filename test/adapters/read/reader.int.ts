import { type DynamoDBClient, type GetItemCommandInput, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import type { Reader } from '../../../adapters/read/reader.ts';
import { createCompletenessWriter, readCompleteness } from '../../../adapters/read/staleness.ts';
import { createNotes, noteKey } from '../../../adapters/repair/notes.ts';
import { cachedType } from '../../../core/contract/define-boundary.ts';
import { indexedValues, keptFields } from '../../../core/project/fields.ts';
import { type BackfillNote, parseBackfillNote } from '../../../core/repair/backfill.ts';
import { canonicalState, type State, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { startTables, type TestTables } from '../../support/tables.ts';
import { pantry, readerContract, STOCK } from './reader-contract.ts';

let tables: TestTables;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const NOW = Date.parse('2026-11-25T12:00:00Z');

readerContract(async (stalenessMs) => {
  const tableName = await tables.create('Ordering');
  const { client } = tables;
  if (Number.isFinite(stalenessMs)) await noter(tableName)(NOW - stalenessMs);
  const writer = createCacheWriter({ tableName, client });
  for (const { type, id, state, version = 1, changedAt = new Date().toISOString() } of STOCK) {
    const cached = cachedType(pantry, type);
    const kept = state === undefined ? undefined : keptFields(state as State, cached);
    const content = kept && canonicalState({ type, id }, kept);
    const item = {
      entity: { type, id },
      version,
      changedAt,
      schemaVersion: 1,
      fieldsRevision: 1,
      expiresAtSeconds: undefined,
      digest: content?.digest ?? TOMBSTONE_DIGEST,
      dataJson: content?.json,
      indexed: kept ? indexedValues(type, kept, cached) : {},
    };
    await writer.write(item, { stored: { kind: 'newer' }, stopMarker: undefined });
  }
  return createReader({ boundary: pantry, tableName, client, now: () => NOW });
});

/** Stores up to when a cache is complete, as a report does. */
function noter(tableName: string) {
  const write = createCompletenessWriter({ tableName, client: tables.client });
  return (untilMs: number, atMs = untilMs) =>
    write({
      atMs,
      until: { Thing: untilMs, Other: untilMs },
      settledUntil: {},
      sightings: [{ atMs, beats: { Thing: untilMs } }],
      receivesAllFrom: { Thing: 0, Other: 0 },
    });
}

const NOTED = { sent: 9, unsendableCount: 0, unsendable: [] };

describe('the readiness of a type', () => {
  const MINUTE = 60_000;
  const at = (minute: number) => new Date(NOW + minute * MINUTE).toISOString();
  const filling = (minute: number) =>
    ({ ...NOTED, status: 'filling', startedAt: at(minute), run: 'r', index: 0, askedAtMs: NOW }) as const;
  const ready = (minute: number) => ({ ...NOTED, status: 'ready', readyAt: at(minute) }) as const;

  /** A cache whose reports found the given times. */
  async function cacheThatReceivesAll(receivesAllFrom: Record<string, number> | undefined) {
    const table = { tableName: await tables.create('Ordering'), client: tables.client };
    const known = { atMs: NOW, until: {}, settledUntil: {}, sightings: [] };
    if (receivesAllFrom !== undefined) await createCompletenessWriter(table)({ ...known, receivesAllFrom });
    const notes = createNotes(table, 'readiness', parseBackfillNote);
    let seq = 0;
    const note = (state: Omit<BackfillNote, 'seq'>) => notes.write('Thing', { ...state, seq: ++seq } as BackfillNote);
    return { table, note, readiness: (of = pantry) => createReader({ boundary: of, ...table }).readiness('Thing') };
  }

  test('a backfill of a new cache makes the type ready', async () => {
    const { note, readiness } = await cacheThatReceivesAll(undefined);
    expect(await readiness()).toEqual({ status: 'empty' });
    await note(filling(0));
    expect(await readiness()).toEqual({ status: 'filling', startedAt: at(0), sent: 9 });
    await note(ready(1));
    expect(await readiness()).toEqual({ status: 'ready', readyAt: at(1), sent: 9 });
  });

  test('a backfill that began before the cache received all events of the type counts for nothing', async () => {
    const { note, readiness } = await cacheThatReceivesAll({ Thing: NOW + 15 * MINUTE });
    for (const state of [filling(14), ready(14)]) {
      await note(state);
      expect(await readiness()).toEqual({ status: 'empty' });
    }
    await note(filling(15));
    expect(await readiness()).toMatchObject({ status: 'filling' });
  });

  test('a type that keeps other fields since its backfill is empty', async () => {
    const { note, readiness } = await cacheThatReceivesAll(undefined);
    await note({ ...ready(0), revision: 1 });
    expect(await readiness()).toMatchObject({ status: 'ready' });
    const { Thing } = pantry.caches;
    expect(
      await readiness({ ...pantry, caches: { ...pantry.caches, Thing: { ...Thing, fieldsRevision: 2 } } }),
    ).toEqual({
      status: 'empty',
    });
  });

  test('a backfill that an earlier version of Freshet noted as ready still counts, and an unfinished one does not', async () => {
    const { table, readiness } = await cacheThatReceivesAll(undefined);
    const store = (readiness: object) =>
      tables.client.send(
        new PutItemCommand({
          TableName: table.tableName,
          Item: { ...noteKey('readiness', 'Thing'), readiness: { S: JSON.stringify(readiness) } },
        }),
      );
    await store({ status: 'filling', startedAt: at(0), sent: 3, cursor: 'x' });
    expect(await readiness()).toEqual({ status: 'empty' });
    await store({ status: 'ready', readyAt: at(0), sent: 3 });
    expect(await readiness()).toEqual({ status: 'ready', readyAt: at(0), sent: 3 });
  });

  test('the types that an earlier version of Freshet found complete stay vouched for', async () => {
    const table = { tableName: await tables.create('Ordering'), client: tables.client };
    const Item = { pk: { S: '#staleness' }, id: { S: 'staleness' }, at: { N: '1' }, until: { S: '{"Thing":1}' } };
    await tables.client.send(new PutItemCommand({ TableName: table.tableName, Item }));
    expect(await readCompleteness(table)).toMatchObject({ until: { Thing: 1 }, receivesAllFrom: { Thing: 0 } });
  });
});

describe('the staleness of a reader', () => {
  let client: DynamoDBClient;
  let sent: { command: string; isConsistent: boolean; key: string }[];
  let fails: boolean;
  let nowMs: number;
  let reader: Reader;
  let note: ReturnType<typeof noter>;

  beforeEach(async () => {
    const tableName = await tables.create('Ordering');
    client = dynamoDbClient({ endpoint: tables.url });
    [sent, fails, nowMs] = [[], false, NOW];
    client.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          const { Key, ConsistentRead = false } = args.input as Partial<GetItemCommandInput>;
          const key = Key?.pk?.S ?? '';
          sent.push({ command: String(commandName), isConsistent: ConsistentRead, key });
          return fails && key === '#staleness' ? Promise.reject(new Error('cut off')) : next(args);
        },
      { step: 'initialize' },
    );
    note = noter(tableName);
    reader = createReader({ boundary: pantry, tableName, client, now: () => nowMs });
  });
  afterEach(() => client.destroy());

  const staleness = async () => (await reader.get('Thing', 'a')).stalenessMs;
  const asked = () => sent.filter(({ key }) => key === '#staleness').length;

  test('the staleness is read once a second, for any number of reads of any type', async () => {
    await note(NOW - 1_000);
    for (let second = 0; second < 3; second += 1) {
      nowMs = NOW + second * 1_000;
      const reads = Array.from({ length: 50 }, (_, n) => reader.get(n % 2 === 0 ? 'Thing' : 'Other', `id-${n}`));
      for (const { stalenessMs } of await Promise.all(reads)) expect(stalenessMs).toBe(1_000 + second * 1_000);
      nowMs += 999;
      await reader.getMany('Thing', ['a', 'b']);
    }
    expect(asked()).toBe(3);
    expect(sent).toHaveLength(3 * (50 + 1) + 3);
  });

  test('the staleness is read once a second also before the first report', async () => {
    expect(await staleness()).toBe(Number.POSITIVE_INFINITY);
    expect(await staleness()).toBe(Number.POSITIVE_INFINITY);
    expect(asked()).toBe(1);
  });

  test('the staleness grows between reports and falls with the next report', async () => {
    await note(NOW);
    nowMs = NOW + 60_000;
    expect(await staleness()).toBe(60_000);
    await note(NOW + 59_000);
    expect(await staleness()).toBe(60_000);
    nowMs += 1_000;
    expect(await staleness()).toBe(2_000);
  });

  test('the staleness comes from the report with the latest time', async () => {
    await note(NOW - 1_000, NOW);
    await note(NOW - 5_000, NOW - 1);
    expect(await staleness()).toBe(1_000);
  });

  test('if the staleness cannot be read, the last known value applies, and a read fails only without one', async () => {
    fails = true;
    await expect(staleness()).rejects.toThrow('cut off');
    fails = false;
    await note(NOW);
    expect(await staleness()).toBe(0);
    fails = true;
    nowMs = NOW + 5_000;
    expect(await staleness()).toBe(5_000);
    fails = false;
    await note(NOW + 5_000);
    expect(await staleness()).toBe(5_000);
    nowMs += 1_000;
    expect(await staleness()).toBe(1_000);
  });

  test('lists and counts leave out the item of the staleness', async () => {
    await note(NOW);
    for (const type of ['Thing', 'Other']) {
      expect((await reader.listWithDeleted(type)).items).toEqual([]);
      expect(await reader.count(type)).toBe(0);
    }
  });

  test('a required version costs a second, consistent read only if the first read has a lower version', async () => {
    await reader.get('Thing', 'never');
    await expect(reader.get('Thing', 'never', { atLeastVersion: 1 })).rejects.toMatchObject({
      code: 'VersionNotReached',
    });
    const reads = sent.filter(({ key }) => key !== '#staleness').map(({ isConsistent }) => isConsistent);
    expect(reads).toEqual([false, false, true]);
  });
});
