import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOwnerPages } from '../../../adapters/own/owner-pages.ts';
import { createNotes, noteKey } from '../../../adapters/repair/notes.ts';
import { partitionKey } from '../../../core/entity.ts';
import type { Note } from '../../../core/repair/note.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;
let table: { readonly client: TestTables['client']; readonly tableName: string };
beforeAll(async () => {
  tables = await startTables();
  table = { client: tables.client, tableName: await tables.create('Geography') };
});
afterAll(() => tables.stop());

const isNote = (value: unknown): value is Note => typeof (value as { seq?: unknown } | undefined)?.seq === 'number';

test('an unreadable note, such as one of a later release, is replaced only if it is still the same', async () => {
  const notes = createNotes(table, 'readiness', (value) => (isNote(value) ? value : undefined));
  const Item = { ...noteKey('readiness', 'Country'), readiness: { S: '{"form":"later"}' }, seq: { N: '7' } };
  await table.client.send(new PutItemCommand({ TableName: table.tableName, Item }));
  expect(await notes.read('Country')).toBe(undefined);
  await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: { ...Item, seq: { N: '8' } } }));
  expect(await notes.write('Country', { seq: 1 })).toBe('changed');
  expect(await notes.read('Country')).toBe(undefined);
  expect(await notes.write('Country', { seq: 1 })).toBe('stored');
  expect(await notes.read('Country')).toEqual({ seq: 1 });
});

test("an owner's item that the owner's interface did not write is listed as unreadable", async () => {
  const Item = { pk: { S: partitionKey('Country', 0) }, id: { S: 'broken' }, version: { N: '1' } };
  await table.client.send(new PutItemCommand({ TableName: table.tableName, Item }));
  const { entities } = await createOwnerPages(table).list('Country', undefined, { limit: 10, withStates: false });
  expect(entities).toEqual([{ id: 'broken', why: 'unreadable' }]);
});
