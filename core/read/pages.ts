import type { Page } from './read.ts';

/**
 * Returns every item of a paged list. It reads a page when the iteration reaches it, so a loop that ends early reads no
 * further page.
 *
 * @param read returns the page after a cursor; undefined for the first page
 */
export async function* eachOf<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
