import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { COMPRESSED_TEXT, type Item, keyItem, storedItem } from '../../../adapters/aws/items.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import type { Reader } from '../../../adapters/read/reader.ts';
import { indexValue } from '../../../core/project/fields.ts';
import type { CachedItem, WriteResult } from '../../../core/project/ports.ts';
import { canonicalJson, MAX_COMPRESSED_STATE_BYTES, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { noise, records } from '../../support/compressible.ts';
import { shelf } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;
let tableName: string;
let write: (item: CachedItem) => Promise<WriteResult>;
let reader: Reader;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  tableName = await tables.create('Ordering');
  const writer = createCacheWriter({ tableName, client: tables.client });
  write = (one) => writer.write(one, { stored: { kind: 'newer' }, stopMarker: undefined });
  reader = createReader({ boundary: shelf, tableName, client: tables.client });
});

const CHANGED_AT = '2026-11-23T12:00:00.000Z';

/** A state; by default of Thing/a at version 5 with fields revision 2. */
function item(given: Partial<CachedItem> & { readonly id?: string; readonly region?: string } = {}): CachedItem {
  const { id = 'a', region, ...rest } = given;
  return {
    entity: { type: 'Thing', id },
    version: 5,
    digest: 'digest-a',
    changedAt: CHANGED_AT,
    schemaVersion: 1,
    fieldsRevision: 2,
    dataJson: JSON.stringify({ id, ...(region !== undefined && { region }) }),
    indexed: region === undefined ? {} : { region: indexValue('Thing', region) ?? '' },
    expiresAtSeconds: undefined,
    ...rest,
  };
}

function tombstone(given: Partial<CachedItem> & { readonly id?: string } = {}): CachedItem {
  return item({ digest: TOMBSTONE_DIGEST, dataJson: undefined, expiresAtSeconds: 4_102_444_800, ...given });
}

describe('the conditional write', () => {
  test('the conditional write stores an entity that the cache does not have', async () => {
    expect(await write(item())).toEqual({ kind: 'stored' });
    expect(await reader.get('Thing', 'a')).toEqual({
      status: 'found',
      id: 'a',
      version: 5,
      changedAt: CHANGED_AT,
      value: { id: 'a' },
      stalenessMs: Number.POSITIVE_INFINITY,
    });
  });

  const changed = (given: Partial<CachedItem>) => item({ dataJson: '{"changed":true}', ...given });

  test.each([
    ['a newer version', changed({ version: 6, digest: 'digest-b' })],
    ['a newer version with an older fields revision', changed({ version: 6, digest: 'digest-b', fieldsRevision: 1 })],
    ['a version beyond 32 bits', changed({ version: Number.MAX_SAFE_INTEGER })],
    ['the same version and state with a newer fields revision', changed({ fieldsRevision: 3 })],
  ])('the conditional write stores %s', async (_, incoming) => {
    await write(item());
    expect(await write(incoming)).toEqual({ kind: 'stored' });
    expect(await reader.get('Thing', 'a')).toMatchObject({ version: incoming.version, value: { changed: true } });
  });

  test.each([
    ['an older version', changed({ version: 4, digest: 'digest-b' })],
    ['an older version with a newer fields revision', changed({ version: 4, fieldsRevision: 3 })],
    ['a version that is older as a number but not as a text', changed({ version: 3, digest: 'digest-b' })],
    ['the same version again', changed({})],
    ['the same version with an older fields revision', changed({ fieldsRevision: 1 })],
    ['another state of the same version', changed({ digest: 'digest-b' })],
    ['another state of the same version with a newer fields revision', changed({ digest: 'x', fieldsRevision: 3 })],
    ['an older tombstone', tombstone({ version: 4 })],
    ['a tombstone of the same version', tombstone({})],
  ])('the conditional write refuses %s and returns the stored item', async (_, incoming) => {
    const stored = item({ version: incoming.version === 3 ? 10 : 5 });
    await write(stored);
    const { version, digest, schemaVersion, fieldsRevision, dataJson } = stored;
    expect(await write(incoming)).toEqual({
      kind: 'refused',
      stored: { version, digest, schemaVersion, fieldsRevision, dataJson, isIntact: true, stopMarker: undefined },
    });
    expect(await reader.get('Thing', 'a')).toMatchObject({ status: 'found', version, value: { id: 'a' } });
  });

  test('a tombstone replaces the whole older state and removes it from the index', async () => {
    await write(item({ region: 'Europe' }));
    expect(await write(tombstone({ version: 6 }))).toEqual({ kind: 'stored' });
    const deleted = { status: 'deleted', id: 'a', version: 6, changedAt: CHANGED_AT };
    expect(await reader.get('Thing', 'a')).toEqual({ ...deleted, stalenessMs: Number.POSITIVE_INFINITY });
    expect(await reader.listBy('Thing', 'region', 'Europe')).toEqual({ items: [], cursor: undefined });
    expect(await write(item({ version: 5 }))).toMatchObject({ kind: 'refused' });
    expect(await write(item({ version: 7 }))).toEqual({ kind: 'stored' });
    expect(await reader.get('Thing', 'a')).toMatchObject({ status: 'found', version: 7 });
  });

  test('the conditional write returns unstorable for an item that exceeds the size of a table item', async () => {
    expect(await write(item({ dataJson: `"${noise(400 * 1024)}"` }))).toMatchObject({
      kind: 'unstorable',
      message: "409602 bytes of data; the cache's table holds 376832",
    });
    const largest = noise((400 - 32) * 1024 - 2);
    expect(await write(item({ id: '東'.repeat(341), dataJson: `"${largest}"` }))).toEqual({ kind: 'stored' });
  });

  test('large data is stored compressed, and every read returns it', async () => {
    const value = { id: 'a', list: records(2_000) };
    const large = item({ dataJson: canonicalJson({ type: 'Thing', id: 'a' }, value), region: 'Europe' });
    expect(await write(large)).toEqual({ kind: 'stored' });
    const Key = keyItem(large.entity);
    const { Item = {} } = await tables.client.send(new GetItemCommand({ TableName: tableName, Key }));
    expect(Item.data).toEqual({ S: COMPRESSED_TEXT });
    expect(Item.compressed?.B?.length).toBeLessThan((large.dataJson?.length ?? 0) / 5);
    const found = { status: 'found', value };
    expect(await reader.get('Thing', 'a')).toMatchObject(found);
    expect(await reader.getMany('Thing', ['a'])).toMatchObject([found]);
    expect((await reader.list('Thing')).items).toMatchObject([found]);
    expect((await reader.listBy('Thing', 'region', 'Europe')).items).toMatchObject([found]);
    expect(await reader.count('Thing')).toBe(1);
    expect(await write({ ...large, version: 6, dataJson: '{"id":"a"}' })).toEqual({ kind: 'stored' });
    expect(await reader.get('Thing', 'a')).toMatchObject({ version: 6, value: { id: 'a' } });
  });

  test('data of several megabytes is refused by its compressed form, with both sizes', async () => {
    const form = Buffer.alloc(MAX_COMPRESSED_STATE_BYTES + 1);
    expect(await write(item({ dataJson: `"${'x'.repeat(3_000_000)}"`, compressed: form }))).toEqual({
      kind: 'unstorable',
      message: "3000002 bytes of data, which gzip compresses to 376833; the cache's table holds 376832",
    });
  });

  test('a compressed form that was changed by hand is noticed', async () => {
    const large = item({ dataJson: JSON.stringify({ list: records(2_000) }) });
    await write(large);
    const Key = keyItem(large.entity);
    const read = async () => (await tables.client.send(new GetItemCommand({ TableName: tableName, Key }))).Item as Item;
    expect(storedItem(await read()).isIntact).toBe(true);
    const changed = { ...(await read()), compressed: { B: Buffer.from('no gzip') } };
    await tables.client.send(new PutItemCommand({ TableName: tableName, Item: changed }));
    expect(storedItem(await read()).isIntact).toBe(false);
    await expect(reader.get('Thing', 'a')).rejects.toThrow('not data that gzip compressed');
  });

  test('the conditional write throws if the table does not exist', async () => {
    const elsewhere = createCacheWriter({ tableName: 'no-such-table', client: tables.client });
    const written = elsewhere.write(item(), { stored: { kind: 'newer' }, stopMarker: undefined });
    await expect(written).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('get and getMany', () => {
  test('an entity that was never stored, or has another type, is unknown', async () => {
    await write(item());
    const unknown = { status: 'unknown', stalenessMs: Number.POSITIVE_INFINITY };
    expect(await reader.get('Thing', 'b')).toEqual({ ...unknown, id: 'b' });
    expect(await reader.get('Other', 'a')).toEqual({ ...unknown, id: 'a' });
  });

  test('getMany returns entities in the order of the ids, for more than 100 ids and for duplicates', async () => {
    const ids = Array.from({ length: 120 }, (_, n) => `id-${n}`);
    await Promise.all(ids.map((id) => write(item({ id }))));
    await write(tombstone({ id: 'gone' }));
    const asked = ['never', ...ids.toReversed(), 'gone', 'id-7', 'never', ...ids];
    const answers = await reader.getMany('Thing', asked);
    expect(answers.map(({ id }) => id)).toEqual(asked);
    expect(answers.map(({ status }) => status)).toEqual(
      asked.map((id) => ({ never: 'unknown', gone: 'deleted' })[id] ?? 'found'),
    );
    expect(answers).toContainEqual(await reader.get('Thing', 'id-42'));
  });

  test('getMany, count and list return more data than one DynamoDB response', async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `large-${n}`);
    const dataJson = JSON.stringify({ text: noise(350 * 1024) });
    await Promise.all(ids.map((id) => write(item({ id, dataJson }))));
    const answers = await reader.getMany('Thing', ids);
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 'found'));
    expect(await reader.count('Thing')).toBe(60);
    const { items } = await reader.list('Thing');
    expect(items).toHaveLength(60);
  });

  test('getMany returns no entities for no ids', async () => {
    expect(await reader.getMany('Thing', [])).toEqual([]);
  });
});

describe('list', () => {
  const living = Array.from({ length: 130 }, (_, n) => `id-${String(n).padStart(3, '0')}`);
  const regionOf = (id: string) => (Number(id.slice(3)) % 2 === 0 ? 'Europe' : 'Asia');

  beforeEach(async () => {
    await Promise.all(living.map((id) => write(item({ id, region: regionOf(id) }))));
    await Promise.all(living.slice(0, 40).map((id) => write(tombstone({ id: `gone-${id}` }))));
    const other = { entity: { type: 'Other', id: 'id-000' }, indexed: { region: indexValue('Other', 'Europe') ?? '' } };
    await write(item(other));
  });

  test('a short page among many deleted entities takes few queries', async () => {
    const queries: string[] = [];
    const client = dynamoDbClient({ endpoint: tables.url });
    client.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          queries.push(commandName ?? '');
          return next(args);
        },
      { step: 'initialize' },
    );
    const counted = createReader({ boundary: shelf, tableName: await graveyard(300), client });
    expect(await counted.list('Thing', { limit: 1 })).toEqual({ items: [], cursor: undefined });
    expect(queries.length).toBeLessThanOrEqual(40);
    client.destroy();
  });

  async function graveyard(size: number): Promise<string> {
    const name = await tables.create('Ordering');
    const bury = createCacheWriter({ tableName: name, client: tables.client });
    const ids = Array.from({ length: size }, (_, n) => `gone-${n}`);
    await Promise.all(
      ids.map((id) => bury.write(tombstone({ id }), { stored: { kind: 'newer' }, stopMarker: undefined })),
    );
    return name;
  }
});

describe('invalid input to the reader', () => {
  test.each<[string, () => Promise<unknown>, { code: string; field: string }]>([
    ['get of unknown type', () => reader.get('Country', 'a'), { code: 'UnknownEntityType', field: 'type' }],
    ['getMany of unknown type', () => reader.getMany('Country', []), { code: 'UnknownEntityType', field: 'type' }],
    ['list of unknown type', () => reader.list('__proto__'), { code: 'UnknownEntityType', field: 'type' }],
    ['count of unknown type', () => reader.count('Country'), { code: 'UnknownEntityType', field: 'type' }],
    ['listBy of unknown type', () => reader.listBy('C', 'region', 'x'), { code: 'UnknownEntityType', field: 'type' }],
    ['empty id', () => reader.get('Thing', ''), { code: 'InvalidEntityId', field: 'id' }],
    ['an invalid id of many', () => reader.getMany('Thing', ['a', '']), { code: 'InvalidEntityId', field: 'id' }],
    ['unknown index', () => reader.listBy('Thing', 'name', 'x'), { code: 'UnknownIndex', field: 'index' }],
    ['inherited index', () => reader.listBy('Thing', 'toString', 'x'), { code: 'UnknownIndex', field: 'index' }],
    ['cursor', () => reader.list('Thing', { cursor: 'nonsense' }), { code: 'InvalidCursor', field: 'cursor' }],
    ['empty cursor', () => reader.list('Thing', { cursor: '' }), { code: 'InvalidCursor', field: 'cursor' }],
    [
      'cursor past the last partition',
      () => reader.list('Thing', { cursor: Buffer.from('[8]').toString('base64url') }),
      { code: 'InvalidCursor', field: 'cursor' },
    ],
    [
      'cursor after an invalid id',
      () => reader.list('Thing', { cursor: Buffer.from(`[0,"${'x'.repeat(2000)}"]`).toString('base64url') }),
      { code: 'InvalidCursor', field: 'cursor' },
    ],
    [
      'cursor of an index',
      () => reader.listBy('Thing', 'region', 'x', { cursor: '?' }),
      { code: 'InvalidCursor', field: 'cursor' },
    ],
    ['limit 0', () => reader.list('Thing', { limit: 0 }), { code: 'InvalidLimit', field: 'limit' }],
    [
      'limit over 1,000',
      () => reader.listBy('Thing', 'region', 'x', { limit: 1001 }),
      { code: 'InvalidLimit', field: 'limit' },
    ],
  ])('the reader refuses invalid input with its field: %s', async (_, act, error) => {
    await expect(act()).rejects.toMatchObject({ name: 'FreshetError', ...error });
  });
});
