import { compare } from '../core/repair.ts';
import { type CacheSession, ownerOf, type Session } from './session.ts';

/** How one cache stands against the owners of what it keeps. */
export interface CacheComparison {
  readonly cache: string;
  /** Entities that are as their owner has them, deleted ones included. */
  readonly equal: number;
  /** Entities that differ, each named with how. */
  readonly differing: readonly string[];
}

/** Compares every entity of every cache with its owner's. */
export function compareCaches(session: Session): Promise<CacheComparison[]> {
  return Promise.all(session.caches.map((cache) => compareCache(session, cache)));
}

async function compareCache(session: Session, { boundary, reader }: CacheSession): Promise<CacheComparison> {
  const differing: string[] = [];
  let equal = 0;
  for (const [type, kept] of Object.entries(boundary.caches)) {
    const { owner } = ownerOf(session, type);
    let owned = 0;
    let cursor: string | undefined;
    do {
      const page = await owner.list(type, { cursor, limit: 500 });
      const cached = await reader.getMany(
        type,
        page.items.map(({ entity }) => entity.id),
      );
      for (const [index, entity] of page.items.entries()) {
        const result = compare(entity, cached[index] ?? { status: 'unknown', id: entity.entity.id }, kept);
        if (result === 'equal') equal += 1;
        else differing.push(`${type}/${entity.entity.id} is ${result}`);
        if (entity.stateJson !== undefined) owned += 1;
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
    const extra = (await reader.count(type)) - owned;
    if (extra > 0) differing.push(`${extra} of ${type} that the owner doesn't have`);
  }
  return { cache: boundary.name, equal, differing };
}
