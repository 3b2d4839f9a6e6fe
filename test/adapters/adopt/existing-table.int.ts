import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createExistingTable } from '../../../adapters/adopt/existing-table.ts';
import type { AdoptedKey } from '../../../core/contract/adopted.ts';
import { entityRef } from '../../../core/entity.ts';
import { workshop } from '../../support/adopting.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

/** The keys of ids that aren't those of items of the table, whose key is `pk` and `id`. */
const UNFIT: Readonly<Record<string, AdoptedKey>> = {
  'one attribute': { pk: 'one attribute' },
  'a number': { pk: 'a number', id: 7 },
  'another attribute': { pk: 'another attribute', id: 'x', more: 'x' },
};

test('keys that are none of the table are found among others, which are read', async () => {
  const tableName = await tables.create('Geography');
  const key = (id: string): AdoptedKey => UNFIT[id] ?? { pk: id, id };
  const { Part } = workshop.owns;
  const boundary = { ...workshop, owns: { ...workshop.owns, Part: { ...Part, adopted: { ...Part.adopted, key } } } };
  const { client } = tables;
  await client.send(new PutItemCommand({ TableName: tableName, Item: { pk: { S: 'a' }, id: { S: 'a' } } }));
  const table = createExistingTable({ boundary: boundary as typeof workshop, client, tableName });
  const ids = ['a', ...Object.keys(UNFIT), 'none'];
  const found = await table.items(ids.map((id) => entityRef('Part', id)));
  expect(found).toEqual([{ pk: { S: 'a' }, id: { S: 'a' } }, 'wrong-key', 'wrong-key', 'wrong-key', undefined]);
});
