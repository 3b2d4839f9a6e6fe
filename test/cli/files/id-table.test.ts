import { describe, expect, test } from 'vitest';
import { createIdTable } from '../../../cli/files/id-table.ts';

describe('a table of ids', () => {
  test('it gives back the number of each of many ids, and none for an id that it has not', () => {
    const table = createIdTable();
    const ids = Array.from({ length: 20_000 }, (_, n) => `id-${n}`);
    for (const [n, id] of ids.entries()) table.set(id, n);
    for (const id of ids) table.set(id, (table.get(id) ?? Number.NaN) + 1);
    expect(table.size).toBe(ids.length);
    expect(ids.filter((id, n) => table.get(id) !== n + 1)).toEqual([]);
    expect(ids.filter((id) => table.get(`${id}x`) !== undefined)).toEqual([]);
  });
});
