import { expect } from 'vitest';
import { type Boundary, defineBoundary, keep } from '../../core/contract.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { type ProjectReport, projectBatch } from '../../core/project/batch.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import type { State } from '../../core/state.ts';
import { type schemaOf, shop } from './boundaries.ts';
import { CHANGED_AT, message } from './events.ts';
import { inMemoryCache, projectionOf, SETTINGS } from './in-memory-cache.ts';

/** Four seconds and a half after the owner's commits. */
export const NOW_MS = Date.parse(CHANGED_AT) + 4_500;
/** How long tombstones are kept, seconds. */
export const TOMBSTONE_LIFE_SECONDS = SETTINGS.tombstoneLifeSeconds;

/** A cache in memory. */
export type Cache = ReturnType<typeof inMemoryCache>;

/** Projects messages in one batch. */
export const project = (cache: Pick<Cache, 'ports'>, messages: readonly ReceivedMessage[], boundary: Boundary = shop) =>
  projectBatch(projectionOf(boundary, cache.ports, NOW_MS), messages);

/** The outcomes in the order of the messages. */
export function outcomes(report: ProjectReport, messages: readonly ReceivedMessage[]): (string | undefined)[] {
  return messages.map((one) => {
    const of = report.settled.filter(({ message }) => message === one);
    expect(of.length).toBeLessThanOrEqual(1);
    return of[0]?.outcome;
  });
}

/** Projects events of one entity, each in a batch of its own, then forgets what was asked of the ports. */
export async function cacheHolding(...entities: readonly OwnedEntity[]): Promise<Cache> {
  const cache = inMemoryCache();
  for (const one of entities) await project(cache, [message(one)]);
  cache.writes.length = 0;
  return cache;
}

/** In the order of the writes. */
export const versionsWritten = (cache: Cache) => cache.writes.map(({ version }) => version);

/** A cache of Product under another schema, named like the owner's. */
export function cacheOf(schema: ReturnType<typeof schemaOf<State>>): Boundary {
  const owner = defineBoundary('file:///catalogue.ts', { name: 'catalogue', owns: { Product: { schema } } });
  return defineBoundary('file:///lenient.ts', { name: 'lenient', caches: { Product: keep(owner.owns.Product) } });
}
