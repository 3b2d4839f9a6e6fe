import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCopyTable } from '../../../adapters/adopt/copy-table.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { position } from '../../../core/adopt/decide.ts';
import { mend } from '../../../core/adopt/mend.ts';
import { entityRef } from '../../../core/entity.ts';
import { canonicalState } from '../../../core/state.ts';
import { STREAM, workshop } from '../../support/adopting.ts';
import { startTables, type TestTables } from '../../support/tables.ts';
import { copyTableContract } from './copy-table-contract.ts';

let tables: TestTables;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

async function open() {
  const tableName = await tables.create('Geography');
  return { tableName, copies: createCopyTable({ client: tables.client, tableName }) };
}

describe('copies in a table', () => {
  copyTableContract(async () => (await open()).copies);

  test("a copy is an item of the owner's, as createOwner reads it", async () => {
    const { tableName, copies } = await open();
    const entity = entityRef('Part', 'a');
    const { json, digest } = canonicalState(entity, { name: 'bolt' });
    const changedAt = '2026-11-30T00:00:00.000Z';
    await copies.write(
      entity,
      { version: 7, base: 0, digest, json, schemaVersion: 1, changedAt },
      { expected: undefined, source: { kind: 'record', position: position(STREAM, '1'), atMs: 0 }, isPredicted: false },
    );
    const owner = createOwner({ boundary: workshop, tableName, client: tables.client });
    expect(await owner.get('Part', 'a')).toMatchObject({ version: 7, changedAt, state: { name: 'bolt' } });
    expect(await copies.copies(['b', 'a'].map((id) => entityRef('Part', id)))).toMatchObject([
      undefined,
      { version: 7 },
    ]);
  });

  test('a copy that a restore has lifted is equal to its item', async () => {
    const { tableName, copies } = await open();
    const entity = entityRef('Part', 'a');
    const { json, digest } = canonicalState(entity, { name: 'bolt' });
    const version = { version: 8, base: 3, digest, json, schemaVersion: 1, changedAt: '2026-11-30T00:00:00.000Z' };
    await copies.write(entity, version, {
      expected: undefined,
      source: { kind: 'survey', atMs: 1_000 },
      isPredicted: false,
    });
    const owner = createOwner({ boundary: { ...workshop, epoch: 1 }, tableName, client: tables.client });
    const owned = await owner.get('Part', 'a');
    if (owned === undefined) throw new Error('the copy is missing');
    expect(await owner.lift(owned)).toBe('lifted');
    expect(mend(await copies.read(entity), { version: 5, digest }, 1)).toEqual({ kind: 'known' });
  });

  test('puts and deletes of an adopted type are refused, and reads and heartbeats are not', async () => {
    const { tableName } = await open();
    const owner = createOwner({ boundary: workshop, tableName, client: tables.client });
    const refusal = { code: 'Adopted', field: 'type', message: expect.stringContaining('Write to that table instead') };
    await expect(owner.put('Part', 'a', { name: 'bolt' })).rejects.toMatchObject(refusal);
    await expect(owner.delete('Part', 'a')).rejects.toMatchObject(refusal);
    const buried = { code: 'Adopted', message: expect.stringContaining('Wait until a survey has ended') };
    await expect(owner.bury('Part', 'a', 7)).rejects.toMatchObject(buried);
    await owner.beat('Part');
    expect(await owner.get('Part', 'a')).toBeUndefined();
  });
});
