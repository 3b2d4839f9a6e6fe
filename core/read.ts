import { assertEntityId, PARTITIONS_PER_TYPE } from './entity.ts';
import { FreshetError, quoted } from './errors.ts';
import type { State } from './state.ts';

/** What a cache knows of one entity. */
export type CachedEntity =
  | {
      readonly status: 'found';
      readonly id: string;
      readonly version: number;
      /** When the owner committed this version, ISO 8601. */
      readonly changedAt: string;
      readonly value: State;
    }
  | { readonly status: 'deleted'; readonly id: string; readonly version: number; readonly changedAt: string }
  | { readonly status: 'unknown'; readonly id: string };

/** One page of a list. `cursor` is undefined on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | undefined;
}

/** Items a page holds when nothing is asked for, and at most. */
export const DEFAULT_PAGE_SIZE = 100;
export const MAX_PAGE_SIZE = 1000;

/** Checks a page size: an integer from 1 to MAX_PAGE_SIZE. Throws `InvalidLimit`. */
export function checkedLimit(limit: number | undefined): number {
  const size = limit ?? DEFAULT_PAGE_SIZE;
  if (Number.isInteger(size) && size >= 1 && size <= MAX_PAGE_SIZE) return size;
  throw new FreshetError(`limit: not a page size: ${quoted(limit)}. Allowed: an integer from 1 to ${MAX_PAGE_SIZE}.`, {
    code: 'InvalidLimit',
    field: 'limit',
  });
}

/** Where a list goes on: the partition of the type, and the last id read in it. */
export interface ListPosition {
  readonly partition: number;
  readonly afterId: string | undefined;
}

export function encodeCursor({ partition, afterId }: ListPosition): string {
  return Buffer.from(JSON.stringify(afterId === undefined ? [partition] : [partition, afterId])).toString('base64url');
}

/** Reads a cursor that `encodeCursor` made; undefined is the beginning. Throws `InvalidCursor`. */
export function decodeCursor(cursor: string | undefined): ListPosition {
  if (cursor === undefined) return { partition: 0, afterId: undefined };
  try {
    const [partition, afterId, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (afterId !== undefined) assertEntityId(afterId);
    const known =
      typeof partition === 'number' &&
      Number.isInteger(partition) &&
      partition >= 0 &&
      partition < PARTITIONS_PER_TYPE &&
      rest.length === 0;
    if (known) return { partition, afterId };
  } catch {
    // Not JSON, or not an id: refused below like any other text that isn't a cursor.
  }
  throw new FreshetError(`cursor: not one that a page returned: ${quoted(cursor)}. Leave it out to begin anew.`, {
    code: 'InvalidCursor',
    field: 'cursor',
  });
}
