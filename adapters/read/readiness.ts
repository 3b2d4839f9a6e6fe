import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { CachedType } from '../../core/contract/contract.ts';
import { type BackfillNote, currentBackfill, parseBackfillNote } from '../../core/repair/backfill.ts';
import { noteKey, noteOf } from '../repair/notes.ts';
import { readCompleteness } from './staleness.ts';
import type { CacheTable } from './table.ts';

/**
 * The progress of a cached type's backfill, which the cache starts by itself.
 *
 * - `empty`: the cache has only the changes since it began to keep the type. The backfill begins once the cache is sure
 *   to receive every change: within a minute after a deployment, or about 15 minutes after a type was added to a cache
 * - `filling`: the backfill runs since `startedAt` (ISO 8601); the owner has sent `sent` entities so far
 * - `ready`: at `readyAt` (ISO 8601), all entities that the owner had sent (`sent`) had ended in the cache
 *
 * A type is `empty` again when its `fieldsRevision` was raised, until the cache begins to fill itself anew.
 */
export type Readiness =
  | { readonly status: 'empty' }
  | { readonly status: 'filling'; readonly startedAt: string; readonly sent: number }
  | { readonly status: 'ready'; readonly readyAt: string; readonly sent: number };

/**
 * Returns the note of a type's backfill; undefined if the type must be filled anew, see `currentBackfill`.
 *
 * @param cached the type in the cache's contracts; undefined if they aren't known
 */
export async function readBackfill(
  cache: CacheTable,
  type: string,
  cached?: Pick<CachedType, 'fieldsRevision'>,
): Promise<BackfillNote | undefined> {
  const get = new GetItemCommand({ TableName: cache.tableName, Key: noteKey('readiness', type) });
  const [{ Item }, known] = await Promise.all([cache.client.send(get), readCompleteness(cache)]);
  return currentBackfill(parseBackfillNote(noteOf('readiness', Item)), known, { type, cached });
}

/** Returns the readiness of a type. See `readBackfill`. */
export async function readReadiness(
  cache: CacheTable,
  type: string,
  cached?: Pick<CachedType, 'fieldsRevision'>,
): Promise<Readiness> {
  const note = await readBackfill(cache, type, cached);
  if (note === undefined) return { status: 'empty' };
  const { status, sent } = note;
  return status === 'filling' ? { status, startedAt: note.startedAt, sent } : { status, readyAt: note.readyAt, sent };
}
