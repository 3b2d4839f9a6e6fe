import { describe, expect, test } from 'vitest';
import { eachOf } from '../../../core/read/pages.ts';

/** A list of three pages, with the cursors that it was read with. */
function pagedList() {
  const pages = [['a', 'b'], [], ['c']];
  const read: (string | undefined)[] = [];
  const list = async (cursor: string | undefined) => {
    read.push(cursor);
    const page = Number(cursor ?? 0);
    return { items: pages[page] ?? [], cursor: page < pages.length - 1 ? String(page + 1) : undefined };
  };
  return { list, read };
}

describe('an iteration over a paged list', () => {
  test('an iteration returns the items of all pages in order, also after an empty page', async () => {
    const { list, read } = pagedList();
    const items: string[] = [];
    for await (const item of eachOf(list)) items.push(item);
    expect(items).toEqual(['a', 'b', 'c']);
    expect(read).toEqual([undefined, '1', '2']);
  });

  test('an iteration that ends early reads no further page', async () => {
    const { list, read } = pagedList();
    for await (const item of eachOf(list)) if (item === 'b') break;
    expect(read).toEqual([undefined]);
  });
});
