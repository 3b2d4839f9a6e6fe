import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Owner } from '../../../adapters/own/owner.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { streamChange } from '../../../adapters/relay/stream.ts';
import { EPOCH_SIZE } from '../../../core/entity.ts';
import type { StreamChange } from '../../../core/relay/message.ts';
import { lab } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;
let tableName: string;
let owner: Owner;
/** The table after a restore, in a boundary of the next epoch. */
let restored: Owner;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  tableName = await tables.create('Geography');
  const common = { tableName, client: tables.client };
  owner = createOwner({ boundary: lab, ...common });
  restored = createOwner({ boundary: { ...lab, epoch: 1 }, ...common });
});

/** The changes that the relay reads from the table's stream, without sequence numbers. */
async function relayed(): Promise<Partial<StreamChange>[]> {
  const records = await tables.changes(tableName);
  return records.map((record) => {
    const { sequenceNumber: _, ...change } = streamChange(record as Parameters<typeof streamChange>[0]);
    return change;
  });
}

describe('a resync', () => {
  test('a resync is in the stream as the same version with its token', async () => {
    await owner.put('Thing', 'a', { n: 1 });
    expect(await owner.resync('Thing', 'a', 'token-1')).toBe('requested');
    expect(await owner.resync('Thing', 'a', 'token-2')).toBe('requested');
    const shown = { kind: 'committed', owned: expect.objectContaining({ version: 1, stateJson: '{"n":1}' }) };
    expect(await relayed()).toMatchObject([
      { ...shown, resync: undefined },
      { ...shown, resync: 'token-1' },
      { ...shown, resync: 'token-2' },
    ]);
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 1 });
  });

  test('the change after a resync is in the stream as a change, with the version before it', async () => {
    await owner.put('Thing', 'a', { n: 1 });
    await owner.resync('Thing', 'a', 'token');
    expect(await owner.put('Thing', 'a', { n: 2 })).toMatchObject({ outcome: 'changed', version: 2 });
    const [, , change] = await relayed();
    expect(change).toMatchObject({ owned: { version: 2 }, previous: { version: 1, stateJson: '{"n":1}' } });
    expect(change).toMatchObject({ resync: undefined });
  });

  test('a deletion can be resynced', async () => {
    await owner.put('Thing', 'a', { n: 1 });
    await owner.delete('Thing', 'a');
    expect(await owner.resync('Thing', 'a', 'token')).toBe('requested');
  });

  test('a resync of an unknown entity says so and writes nothing', async () => {
    expect(await owner.resync('Thing', 'a', 'token')).toBe('unknown');
    expect(await relayed()).toEqual([]);
  });

  test('a resync of a type that the boundary does not own is refused', async () => {
    await expect(owner.resync('Country', 'a', 'token')).rejects.toMatchObject({ code: 'UnknownEntityType' });
  });
});

describe('an owner in a new epoch after a restore', () => {
  beforeEach(async () => {
    await owner.put('Thing', 'a', { n: 1 });
    await owner.put('Thing', 'a', { n: 2 });
  });

  test('a change in a new epoch is newer than any version published before', async () => {
    expect(await restored.put('Thing', 'a', { n: 3 })).toMatchObject({ outcome: 'changed', version: EPOCH_SIZE + 3 });
    expect(await restored.put('Thing', 'a', { n: 4 })).toMatchObject({ version: EPOCH_SIZE + 4 });
    expect(await restored.delete('Thing', 'a')).toMatchObject({ outcome: 'deleted', version: EPOCH_SIZE + 5 });
  });

  test('a new entity and the deletion of an old one have versions of the new epoch', async () => {
    expect(await restored.put('Thing', 'new', { n: 1 })).toMatchObject({ outcome: 'created', version: EPOCH_SIZE + 1 });
    expect(await restored.delete('Thing', 'a')).toMatchObject({ outcome: 'deleted', version: EPOCH_SIZE + 3 });
  });

  test('in a new epoch an equal state is unchanged, and an expected version must be the current one', async () => {
    expect(await restored.put('Thing', 'a', { n: 2 })).toMatchObject({ outcome: 'unchanged', version: 2 });
    await expect(restored.put('Thing', 'a', { n: 3 }, { expectedVersion: 1 })).rejects.toMatchObject({
      code: 'VersionConflict',
      currentVersion: 2,
    });
    expect(await restored.put('Thing', 'a', { n: 3 }, { expectedVersion: 2 })).toMatchObject({
      version: EPOCH_SIZE + 3,
    });
  });

  test('concurrent changes in a new epoch all get versions of their own', async () => {
    const many = Array.from({ length: 20 }, (_, n) => n + 3);
    const results = await Promise.all(many.map((n) => restored.put('Thing', 'a', { n })));
    expect(results.map(({ version }) => version).sort()).toEqual(many.map((count) => EPOCH_SIZE + count));
  });

  test('lifting an entity raises only its version, once, and is in the stream as a new version', async () => {
    const [before] = (await owner.list('Thing')).items;
    if (before === undefined) throw new Error('nothing to lift');
    expect(await restored.lift(before)).toBe('lifted');
    const after = await restored.get('Thing', 'a');
    expect(after).toEqual({ ...before, version: EPOCH_SIZE + 2 });
    expect(await restored.lift(before)).toBe('unchanged');
    if (after) expect(await restored.lift(after)).toBe('unchanged');
    expect((await relayed()).at(-1)).toMatchObject({ owned: { version: EPOCH_SIZE + 2 }, resync: undefined });
  });

  test('lifting an entity that was changed meanwhile keeps the change', async () => {
    const [before] = (await owner.list('Thing')).items;
    await restored.put('Thing', 'a', { n: 3 });
    if (before) expect(await restored.lift(before)).toBe('unchanged');
    expect(await restored.get('Thing', 'a')).toMatchObject({ version: EPOCH_SIZE + 3, stateJson: '{"n":3}' });
  });
});

describe('an entity that the table has lost', () => {
  test('an entity that the table lost is deleted above the version that a cache holds', async () => {
    expect(await owner.bury('Thing', 'lost', 7)).toBe('buried');
    expect(await owner.get('Thing', 'lost')).toMatchObject({ version: 8, stateJson: undefined });
    expect(await restored.bury('Thing', 'lost too', 7)).toBe('buried');
    expect(await restored.get('Thing', 'lost too')).toMatchObject({ version: EPOCH_SIZE + 8 });
    expect(await owner.put('Thing', 'lost', { n: 1 })).toMatchObject({ outcome: 'created', version: 9 });
  });

  test('an entity that the table still has is not deleted', async () => {
    await owner.put('Thing', 'a', { n: 1 });
    expect(await owner.bury('Thing', 'a', 7)).toBe('known');
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 1 });
  });
});
