import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listType } from '../../../adapters/aws/list.ts';
import { createOwnerRecords, type OwnerRecords } from '../../../adapters/own/owner-records.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { lab } from '../../support/lab.ts';
import { imitations } from '../../support/nasty-ids.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

const [sample = []] = fc.sample(fc.array(imitations, { minLength: 30, maxLength: 30 }), 1);
const ids = [
  ...new Set([
    ...sample.flat(),
    ...Array.from({ length: 40 }, (_, n) => `order-${n}`),
    'Order-1',
    'Oa',
    'o\u{10FFFF}b',
    'é',
    'éa',
    '😀b',
  ]),
];

let tables: TestTables;
let source: { readonly client: TestTables['client']; readonly tableName: string };
let records: OwnerRecords;

beforeAll(async () => {
  tables = await startTables();
  source = { client: tables.client, tableName: await tables.create('Geography') };
  const owner = createOwner({ boundary: lab, ...source });
  for (const id of ids) await owner.put('Thing', id, { n: 1 });
  await owner.delete('Thing', 'order-7');
  await owner.beat('Thing');
  records = createOwnerRecords(source);
});
afterAll(() => tables?.stop());

/** All ids with a prefix, page by page. */
async function listed(idPrefix: string | undefined, limit: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await records.list('Thing', { idPrefix, limit, cursor });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items.map(({ entity }) => entity.id));
    ({ cursor } = page);
  } while (cursor !== undefined);
  return found;
}

describe('a list of ids with a prefix', () => {
  test.each([
    'order-',
    'order-1',
    'é',
    '😀',
    'o',
  ])('holds exactly the ids that begin with %s, on pages of any size', async (prefix) => {
    const expected = ids.filter((id) => id.startsWith(prefix)).sort();
    expect(expected.length).toBeGreaterThan(0);
    for (const limit of [1, 3, 100]) expect((await listed(prefix, limit)).sort()).toEqual(expected);
  });

  test('has the same order as the list of all ids', async () => {
    const all = await listed(undefined, 7);
    expect([...all].sort()).toEqual([...ids].sort());
    expect(await listed('order-', 7)).toEqual(all.filter((id) => id.startsWith('order-')));
  });

  test('is empty if no id begins with the prefix', async () => {
    expect(await records.list('Thing', { idPrefix: 'nothing-like-this' })).toEqual({ items: [], cursor: undefined });
  });

  test('refuses the cursor of a list with another prefix, and a prefix that no id can begin with', async () => {
    const { cursor } = await records.list('Thing', { idPrefix: 'order-', limit: 1 });
    expect(cursor).toBeDefined();
    const other = listType(source, 'Thing', (item) => item, { idPrefix: 'é', cursor });
    await expect(other).rejects.toMatchObject({ code: 'InvalidCursor', field: 'cursor' });
    await expect(records.list('Thing', { idPrefix: '\uD800' })).rejects.toMatchObject({ code: 'InvalidEntityId' });
  });

  test("of an owner's table has deleted entities and no heartbeats", async () => {
    const { items } = await records.list('Thing', { idPrefix: 'order-7' });
    expect(items).toMatchObject([{ entity: { id: 'order-7' }, version: 2 }]);
    expect(items[0]?.stateJson).toBeUndefined();
  });
});
