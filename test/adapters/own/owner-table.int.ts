import { gunzipSync } from 'node:zlib';
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { COMPRESSED_TEXT, keyItem } from '../../../adapters/aws/items.ts';
import type { Owner } from '../../../adapters/own/owner.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { MAX_ID_BYTES, MAX_VERSION } from '../../../core/entity.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { canonicalState, MAX_PLAIN_STATE_BYTES, MAX_STATE_BYTES, type State } from '../../../core/state.ts';
import { noise, records } from '../../support/compressible.ts';
import { lab } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;
let tableName: string;
let owner: Owner;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  tableName = await tables.create('Geography');
  owner = createOwner({ boundary: lab, tableName, client: tables.client });
});

const writes = async (): Promise<number> => (await tables.changes(tableName)).length;

describe('put', () => {
  test('a put creates an entity at version 1, and each change raises its version by one', async () => {
    expect(await owner.put('Thing', 'a', { n: 1 })).toMatchObject({ outcome: 'created', version: 1 });
    expect(await owner.put('Thing', 'a', { n: 2 })).toMatchObject({ outcome: 'changed', version: 2 });
    expect(await owner.put('Thing', 'a', { n: 1 })).toMatchObject({ outcome: 'changed', version: 3 });
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 3, stateJson: '{"n":1}' });
  });

  test('a put stores the time of its commit', async () => {
    const changedAt = '2026-11-23T12:00:00.000Z';
    owner = createOwner({ boundary: lab, tableName, client: tables.client, now: () => Date.parse(changedAt) });
    expect(await owner.put('Thing', 'a', {})).toMatchObject({ changedAt });
    expect(await owner.get('Thing', 'a')).toMatchObject({ changedAt });
  });

  test('each version stores the trace of its commit, and none if there was no trace', async () => {
    const traces = ['1', '2'].map((n) => `00-5759e988bd862e3fe1be46a99427279${n}-53995c3f42cd8ad8-01`);
    let running: string | undefined;
    owner = createOwner({ boundary: lab, tableName, client: tables.client, traceparent: () => running });
    for (const [n, trace] of [...traces, undefined].entries()) {
      running = trace;
      await owner.put('Thing', 'a', { n });
      await owner.resync('Thing', 'a', `token${n}`);
      expect((await owner.get('Thing', 'a'))?.traceparent).toBe(trace);
    }
    running = traces[0];
    await owner.delete('Thing', 'a');
    expect((await owner.get('Thing', 'a'))?.traceparent).toBe(traces[0]);
  });

  test('a put stores the trace of the current Lambda invocation', async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1');
    await owner.put('Thing', 'a', {});
    vi.unstubAllEnvs();
    const { traceparent } = (await owner.get('Thing', 'a')) ?? {};
    expect(traceparent).toBe('00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01');
  });

  test('a put of an equal state, with keys in any order, writes nothing and keeps the version', async () => {
    const { entity, version } = await owner.put('Thing', 'a', { x: 1, y: [1, { z: 2 }] });
    const committed = await owner.get('Thing', 'a');
    const again = await owner.put('Thing', 'a', { y: [1, { z: 2.0 }], x: 1 });
    expect(again).toEqual({ outcome: 'unchanged', entity, version, changedAt: committed?.changedAt });
    expect(await writes()).toBe(1);
  });

  test('concurrent puts each get a version of their own, and the stream has all versions in order', async () => {
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const results = await Promise.all(numbers.map((n) => owner.put('Thing', 'a', { n })));
    const inOrder = numbers.map((n) => n + 1);
    expect(results.map(({ version }) => version).sort((a, b) => a - b)).toEqual(inOrder);
    const told = await tables.changes(tableName);
    expect(told.map(({ dynamodb }) => Number(dynamodb.NewImage?.version?.N))).toEqual(inOrder);
  });

  test('one of two concurrent creations with expected version 0 is refused', async () => {
    const creation = (n: number) => owner.put('Thing', 'a', { n }, { expectedVersion: 0 });
    const results = await Promise.allSettled([creation(1), creation(2)]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'VersionConflict', expectedVersion: 0, currentVersion: 1 },
    });
    expect(await writes()).toBe(1);
  });

  test('a put or delete after the highest version is refused', async () => {
    const stamp = { version: { N: String(MAX_VERSION) }, digest: { S: 'd' }, changedAt: { S: 't' } };
    const last = { ...stamp, schemaVersion: { N: '1' }, state: { S: '{}' } };
    const Item = { ...keyItem({ type: 'Thing', id: 'a' }), ...last };
    await tables.client.send(new PutItemCommand({ TableName: tableName, Item }));
    await expect(owner.put('Thing', 'a', { n: 1 })).rejects.toMatchObject({ code: 'VersionsExhausted' });
    await expect(owner.delete('Thing', 'a')).rejects.toMatchObject({ code: 'VersionsExhausted' });
  });
});

describe('delete', () => {
  test('a delete commits a tombstone as the next version, and a second delete is unchanged', async () => {
    await owner.put('Thing', 'a', { n: 1 });
    expect(await owner.delete('Thing', 'a')).toMatchObject({ outcome: 'deleted', version: 2 });
    expect(await owner.delete('Thing', 'a')).toMatchObject({ outcome: 'unchanged', version: 2 });
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 2, stateJson: undefined });
    expect(await writes()).toBe(2);
  });

  test.each([undefined, 0])('deleting an entity that never existed writes nothing (expected version %s)', async (v) => {
    expect(await owner.delete('Thing', 'a', { expectedVersion: v })).toMatchObject({ outcome: 'unknown', version: 0 });
    expect(await owner.get('Thing', 'a')).toBeUndefined();
    expect(await writes()).toBe(0);
  });

  test('an entity that is created again after a deletion continues its versions, with any state', async () => {
    await owner.put('Thing', 'a', { n: 1 });
    await owner.delete('Thing', 'a');
    expect(await owner.put('Thing', 'a', { n: 1 })).toMatchObject({ outcome: 'created', version: 3 });
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 3, stateJson: '{"n":1}' });
  });
});

describe('an expected version', () => {
  const put = (n: number, expectedVersion: number) => () => owner.put('Thing', 'a', { n }, { expectedVersion });
  const remove = (expectedVersion: number) => () => owner.delete('Thing', 'a', { expectedVersion });
  const before: Record<string, () => Promise<unknown>> = {
    'never existed': async () => {},
    'at version 1': () => owner.put('Thing', 'a', { n: 1 }),
    'deleted at version 2': async () => {
      await owner.put('Thing', 'a', { n: 1 });
      await owner.delete('Thing', 'a');
    },
  };

  test.each([
    ['never existed', 'put, 0', put(1, 0), { outcome: 'created', version: 1 }],
    ['at version 1', 'put of a change, 1', put(2, 1), { outcome: 'changed', version: 2 }],
    ['at version 1', 'put of the same, 1', put(1, 1), { outcome: 'unchanged', version: 1 }],
    ['at version 1', 'put of the same, 0 (response lost)', put(1, 0), { outcome: 'unchanged', version: 1 }],
    ['at version 1', 'delete, 1', remove(1), { outcome: 'deleted', version: 2 }],
    ['deleted at version 2', 'put, 2', put(1, 2), { outcome: 'created', version: 3 }],
    ['deleted at version 2', 'delete, 2', remove(2), { outcome: 'unchanged', version: 2 }],
    ['deleted at version 2', 'delete, 1 (response lost)', remove(1), { outcome: 'unchanged', version: 2 }],
  ])('an entity (%s) meets the expected version of: %s', async (state, _, act, result) => {
    await before[state]?.();
    expect(await act()).toMatchObject(result);
  });

  test.each([
    ['never existed', 'put, 1', put(1, 1), 0],
    ['never existed', 'delete, 1', remove(1), 0],
    ['at version 1', 'put of a change, 0', put(2, 0), 1],
    ['at version 1', 'put of a change, 2', put(2, 2), 1],
    ['at version 1', 'put of the same, 2', put(1, 2), 1],
    ['at version 1', 'delete, 0', remove(0), 1],
    ['deleted at version 2', 'put, 0', put(1, 0), 2],
    ['deleted at version 2', 'put, 1', put(1, 1), 2],
    ['deleted at version 2', 'delete, 0', remove(0), 2],
  ])('an entity (%s) does not meet the expected version of: %s', async (state, _, act, currentVersion) => {
    await before[state]?.();
    const earlier = await writes();
    await expect(act()).rejects.toMatchObject({
      code: 'VersionConflict',
      field: 'expectedVersion',
      entity: { type: 'Thing', id: 'a' },
      currentVersion,
    });
    expect(await writes()).toBe(earlier);
  });
});

describe('invalid input', () => {
  const tooLong = 'x'.repeat(MAX_ID_BYTES + 1);
  test.each<[string, () => Promise<unknown>, { code: string; field: string }]>([
    ['unknown type', () => owner.put('Nothing', 'a', {}), { code: 'UnknownEntityType', field: 'type' }],
    ['inherited name', () => owner.put('toString', 'a', {}), { code: 'UnknownEntityType', field: 'type' }],
    ['empty id', () => owner.put('Thing', '', {}), { code: 'InvalidEntityId', field: 'id' }],
    ['id over 1 KB', () => owner.put('Thing', tooLong, {}), { code: 'InvalidEntityId', field: 'id' }],
    ['id over 1 KB in UTF-8', () => owner.put('Thing', '東'.repeat(342), {}), { code: 'InvalidEntityId', field: 'id' }],
    ['lone surrogate in id', () => owner.put('Thing', '\ud800', {}), { code: 'InvalidEntityId', field: 'id' }],
    ['array as state', () => owner.put('Thing', 'a', []), { code: 'InvalidState', field: 'state' }],
    ['no state', () => owner.put('Thing', 'a', undefined), { code: 'InvalidState', field: 'state' }],
    ['NaN', () => owner.put('Thing', 'a', { n: Number.NaN }), { code: 'InvalidState', field: 'state.n' }],
    ['lone surrogate', () => owner.put('Thing', 'a', { s: ['\udfff'] }), { code: 'InvalidState', field: 'state.s[0]' }],
    [
      'too large',
      () => owner.put('Thing', 'a', ofBytes(MAX_STATE_BYTES + 1)),
      { code: 'StateTooLarge', field: 'state' },
    ],
    [
      'version before 0',
      () => owner.put('Thing', 'a', {}, { expectedVersion: -1 }),
      { code: 'InvalidExpectedVersion', field: 'expectedVersion' },
    ],
    [
      'version with a fraction',
      () => owner.delete('Thing', 'a', { expectedVersion: 1.5 }),
      { code: 'InvalidExpectedVersion', field: 'expectedVersion' },
    ],
    ['delete of unknown type', () => owner.delete('Nothing', 'a'), { code: 'UnknownEntityType', field: 'type' }],
    ['delete of empty id', () => owner.delete('Thing', ''), { code: 'InvalidEntityId', field: 'id' }],
  ])('invalid input is refused before anything is written: %s', async (_, act, error) => {
    await expect(act()).rejects.toMatchObject({ name: 'FreshetError', ...error });
    expect(await writes()).toBe(0);
  });

  test.each([
    ['state', ofBytes(MAX_STATE_BYTES)],
    ['state that hardly compresses', { a: noise(MAX_PLAIN_STATE_BYTES - 8) }],
    ['compressed form', { a: noise(495_000) }],
  ])('an item with the longest id and the largest allowed %s is stored', async (_, largest) => {
    await owner.put('Thing', 'x'.repeat(MAX_ID_BYTES), largest);
    const owned = await owner.get('Thing', 'x'.repeat(MAX_ID_BYTES));
    expect(owned?.stateJson).toBe(JSON.stringify(largest));
  });
});

describe('a large state', () => {
  const large = { list: records(500) };

  test('a large state is stored compressed, and read as it was', async () => {
    await owner.put('Thing', 'a', large);
    const [{ dynamodb } = { dynamodb: {} as never }] = await tables.changes(tableName);
    const { state, compressed } = dynamodb.NewImage as Record<string, { S?: string; B?: string }>;
    expect(state).toEqual({ S: COMPRESSED_TEXT });
    const json = JSON.stringify(large);
    expect(gunzipSync(Buffer.from(compressed?.B ?? '', 'base64')).toString()).toBe(json);
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 1, stateJson: json, state: large });
    expect((await owner.list('Thing')).items).toMatchObject([{ version: 1, state: large }]);
  });

  test('a put of an equal state is unchanged, in whichever form the state is stored', async () => {
    const { json, digest } = canonicalState({ type: 'Thing', id: 'a' }, large);
    const plain = { version: { N: '3' }, digest: { S: digest }, changedAt: { S: '2026-11-30T12:00:00.000Z' } };
    const Item = { ...keyItem({ type: 'Thing', id: 'a' }), ...plain, schemaVersion: { N: '1' }, state: { S: json } };
    await tables.client.send(new PutItemCommand({ TableName: tableName, Item }));
    expect(await owner.put('Thing', 'a', large)).toMatchObject({ outcome: 'unchanged', version: 3 });
    await owner.put('Thing', 'b', large);
    expect(await owner.put('Thing', 'b', large)).toMatchObject({ outcome: 'unchanged', version: 1 });
  });

  test('a state may grow above the threshold, shrink below it, be deleted and come back', async () => {
    for (const state of [{ n: 1 }, large, { n: 3 }]) {
      await owner.put('Thing', 'a', state);
      expect(await owner.get('Thing', 'a')).toMatchObject({ state });
    }
    await owner.put('Thing', 'a', large);
    await owner.delete('Thing', 'a');
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 5, state: undefined });
    await owner.put('Thing', 'a', large);
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 6, state: large });
  });

  test('a stored state that can not be decompressed is an error where it is read, and not where it is listed', async () => {
    await owner.put('Thing', 'a', large);
    const Key = keyItem({ type: 'Thing', id: 'a' });
    await tables.client.send(
      new UpdateItemCommand({
        ...{ TableName: tableName, Key, UpdateExpression: 'SET compressed = :bytes' },
        ExpressionAttributeValues: { ':bytes': { B: Buffer.from('no gzip') } },
      }),
    );
    const found = await owner.get('Thing', 'a');
    expect(found).toMatchObject({ version: 1 });
    expect(() => found?.state).toThrow('not data that gzip compressed');
  });
});

describe('ids', () => {
  const ids = [
    'a',
    'A',
    'a ',
    ' ',
    '\n',
    '\u0000',
    'a/b',
    'a#b',
    'Thing#0',
    '__proto__',
    '%00',
    "'; --",
    '東京',
    'Ελλάδα',
    'مصر',
    'ประเทศไทย',
    '🇨🇭',
    'é',
    'e\u0301',
    'x'.repeat(MAX_ID_BYTES),
    '東'.repeat(341),
  ];

  test('ids in any script name separate entities and are returned unchanged', async () => {
    for (const [n, id] of ids.entries()) {
      expect(await owner.put('Thing', id, { n })).toMatchObject({ outcome: 'created', version: 1 });
    }
    for (const [n, id] of ids.entries()) {
      expect(await owner.get('Thing', id)).toMatchObject({ entity: { type: 'Thing', id }, stateJson: `{"n":${n}}` });
    }
    const listed = await owner.list('Thing');
    expect(listed.items.map(({ entity }) => entity.id).sort()).toEqual([...ids].sort());
  });
});

describe('the state of an entity', () => {
  const schema = z.object({ name: z.string(), floor: z.number() });
  const before = defineBoundary(import.meta.url, {
    name: 'lab',
    owns: { Desk: { schema: z.object({ name: z.string() }) } },
  });

  test('an owner returns the state in the current schema version, after the upcasts', async () => {
    const upcasts = { 1: (state: State) => ({ ...state, floor: 0 }) };
    const after = defineBoundary(import.meta.url, {
      name: 'lab',
      owns: { Desk: { schema, schemaVersion: 2, upcasts } },
    });
    const current = createOwner({ boundary: after, tableName, client: tables.client });
    await createOwner({ boundary: before, tableName, client: tables.client }).put('Desk', 'a', { name: 'a' });
    await current.put('Desk', 'b', { name: 'b', floor: 1 });
    expect(await current.get('Desk', 'a')).toMatchObject({ schemaVersion: 1, state: { name: 'a', floor: 0 } });
    expect(await current.get('Desk', 'b')).toMatchObject({ schemaVersion: 2, state: { name: 'b', floor: 1 } });
    await current.delete('Desk', 'b');
    expect((await current.get('Desk', 'b'))?.state).toBeUndefined();
  });

  test('an upcast that throws fails only when the state is read', async () => {
    const upcasts = {
      1: (): State => {
        throw new Error('no such floor');
      },
    };
    const after = defineBoundary(import.meta.url, {
      name: 'lab',
      owns: { Desk: { schema, schemaVersion: 2, upcasts } },
    });
    await createOwner({ boundary: before, tableName, client: tables.client }).put('Desk', 'a', { name: 'a' });
    const [listed] = (await createOwner({ boundary: after, tableName, client: tables.client }).list('Desk')).items;
    expect(listed).toHaveProperty('stateJson', '{"name":"a"}');
    expect(() => listed?.state).toThrow('no such floor');
  });
});

describe('list', () => {
  test('the pages of a list contain every entity of the type exactly once, including deleted ones', async () => {
    const ids = Array.from({ length: 137 }, (_, n) => `id-${n}`);
    await Promise.all(ids.map((id) => owner.put('Thing', id, { id })));
    await Promise.all(ids.slice(0, 20).map((id) => owner.delete('Thing', id)));
    await owner.put('Other', 'id-0', {});
    for (const limit of [7, 100, 137, 1000]) {
      const pages = await allPages(limit);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
      expect(
        pages
          .flat()
          .map(({ entity }) => entity.id)
          .sort(),
      ).toEqual([...ids].sort());
    }
  });

  test.each([0, -1, 1.5, 1001, Number.NaN])('a list with a page size of %s is refused', async (limit) => {
    await expect(owner.list('Thing', { limit })).rejects.toMatchObject({ code: 'InvalidLimit', field: 'limit' });
  });

  test('a list of an unknown type or with an invalid cursor is refused', async () => {
    await expect(owner.list('Nothing')).rejects.toMatchObject({ code: 'UnknownEntityType' });
    await expect(owner.list('Thing', { cursor: 'x' })).rejects.toMatchObject({ code: 'InvalidCursor' });
  });

  test('an iteration over a list returns every entity of the type exactly once, including deleted ones', async () => {
    const ids = Array.from({ length: 23 }, (_, n) => `id-${n}`);
    await Promise.all(ids.map((id) => owner.put('Thing', id, { id })));
    await owner.delete('Thing', 'id-3');
    const found: string[] = [];
    for await (const { entity, state } of owner.listAll('Thing', { pageSize: 5 })) {
      found.push(entity.id);
      expect(state).toEqual(entity.id === 'id-3' ? undefined : { id: entity.id });
    }
    expect(found.sort()).toEqual([...ids].sort());
    const refused = owner.listAll('Thing', { pageSize: 0 });
    await expect(refused.next()).rejects.toMatchObject({ code: 'InvalidLimit' });
  });

  async function allPages(limit: number): Promise<(readonly OwnedEntity[])[]> {
    const pages: (readonly OwnedEntity[])[] = [];
    let cursor: string | undefined;
    do {
      const page = await owner.list('Thing', { limit, cursor });
      pages.push(page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return pages;
  }
});

/** A state whose canonical JSON has exactly the given number of bytes. */
function ofBytes(bytes: number): { s: string } {
  return { s: 'x'.repeat(bytes - '{"s":""}'.length) };
}
