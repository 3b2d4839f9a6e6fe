import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyItem } from '../../../adapters/aws/items.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createCacheRecords } from '../../../cli/clients/cache-records.ts';
import { pairs } from '../../../core/repair/compare.ts';
import { imitations } from '../../support/nasty-ids.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables?.stop());

/** A cache's table with a state of each id. */
async function tableOf(ids: readonly string[]) {
  const table = { client: tables.client, tableName: await tables.create('Ordering') };
  const { write } = createCacheWriter(table);
  const stamps = {
    version: 3,
    digest: 'd',
    changedAt: '2026-11-23T10:00:00.000Z',
    schemaVersion: 1,
    fieldsRevision: 1,
  };
  const content = { dataJson: '{"a":1}', indexed: {}, expiresAtSeconds: undefined };
  for (const id of ids) {
    const entity = { type: 'Thing', id };
    await write({ ...stamps, ...content, entity }, { stored: { kind: 'newer' }, stopMarker: undefined });
  }
  return table;
}

test('the items of a type are listed in the order of an owner’s list, whatever the ids', async () => {
  const [sample = []] = fc.sample(fc.array(imitations, { minLength: 60, maxLength: 60 }), 1);
  const ids = [...new Set([...sample.flat(), 'é', '\uFFFD', '😀', 'z'])];
  const records = createCacheRecords(await tableOf(ids));
  const { items } = await records.list('Thing', { limit: 1000 });
  const order: string[] = [];
  const list = async function* () {
    yield* items;
  };
  const owned = async function* () {
    for (const { id, version } of items) {
      const stamps = { digest: 'd', schemaVersion: 1, changedAt: '', stateJson: undefined };
      yield { entity: { type: 'Thing', id }, version, ...stamps };
    }
  };
  for await (const pair of pairs('Thing', owned(), list())) if (pair.owned && pair.cached) order.push(pair.id);
  expect(order).toEqual(items.map(({ id }) => id));
  expect(new Set(order)).toEqual(new Set(ids));
});

test('a record has the version, digest and data of an entity, or only a stop marker, and is undefined for an unknown entity', async () => {
  const table = await tableOf(['a']);
  const records = createCacheRecords(table);
  const stopped = { ...keyItem({ type: 'Thing', id: 'b' }), version: { N: '0' }, stopped: { N: '2' } };
  await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: stopped }));
  expect(await records.get({ type: 'Thing', id: 'a' })).toMatchObject({ version: 3, digest: 'd', dataJson: '{"a":1}' });
  expect(await records.get({ type: 'Thing', id: 'b' })).toMatchObject({ version: 0, stopMarker: 2 });
  expect(await records.get({ type: 'Thing', id: 'c' })).toBeUndefined();
});
