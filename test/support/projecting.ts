import { expect } from 'vitest';
import type { Boundary } from '../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import type { State } from '../../core/state.ts';
import { type schemaOf, shop } from './boundaries.ts';
import { CHANGED_AT, message } from './events.ts';
import { inMemoryCache, projectionOf, SETTINGS } from './in-memory-cache.ts';

/** The time of projecting: 4.5 seconds after the owner's commits. */
export const NOW_MS = Date.parse(CHANGED_AT) + 4_500;
/** How many seconds a cache keeps a tombstone. */
export const TOMBSTONE_LIFE_SECONDS = SETTINGS.tombstoneLifeSeconds;

/** A cache in memory. */
export type Cache = ReturnType<typeof inMemoryCache>;

/** Projects messages as one batch. */
export const project = (cache: Pick<Cache, 'ports'>, messages: readonly ReceivedMessage[], boundary: Boundary = shop) =>
  projectBatch(projectionOf(boundary, cache.ports, NOW_MS), messages);

/** The outcome of each message, in the order of the messages; undefined for a message that wasn't settled. */
export function outcomes(report: ProjectReport, messages: readonly ReceivedMessage[]): (string | undefined)[] {
  return messages.map((one) => {
    const of = report.settled.filter(({ message }) => message === one);
    expect(of.length).toBeLessThanOrEqual(1);
    return of[0]?.outcome;
  });
}

/** Makes a cache and projects an event for each argument, each in its own batch. Clears the recorded writes. */
export async function cacheHolding(...entities: readonly OwnedEntity[]): Promise<Cache> {
  const cache = inMemoryCache();
  for (const one of entities) await project(cache, [message(one)]);
  cache.writes.length = 0;
  return cache;
}

/** The written versions, in the order of the writes. */
export const versionsWritten = (cache: Cache) => cache.writes.map(({ version }) => version);

/** A cache of Product with the given schema, from an owner that also has the name `catalogue`. */
export function cacheOf(schema: ReturnType<typeof schemaOf<State>>): Boundary {
  const owner = defineBoundary('file:///catalogue.ts', { name: 'catalogue', owns: { Product: { schema } } });
  return defineBoundary('file:///lenient.ts', { name: 'lenient', caches: { Product: keep(owner.owns.Product) } });
}
