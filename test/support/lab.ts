import * as z from 'zod/mini';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import { serialiseEvent } from '../../core/event.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import { canonicalState, type State, TOMBSTONE_DIGEST } from '../../core/state.ts';

const anyState = z.record(z.string(), z.json());

/** An owner whose entities may hold any JSON object, for tests that don't depend on a schema. */
export const lab = defineBoundary(import.meta.url, {
  name: 'lab',
  owns: { Thing: { schema: anyState }, Other: { schema: anyState } },
});

/** A cache of both types of the lab. It has the same index as the cache tables of the shop. */
export const shelf = defineBoundary(import.meta.url, {
  name: 'shelf',
  caches: {
    Thing: keep(lab.owns.Thing, { indexes: { region: 'region' } }),
    Other: keep(lab.owns.Other, { indexes: { region: 'region' } }),
  },
});

/** A message that carries one version of an entity of the lab. @param state undefined for a tombstone */
export function labMessage(entity: EntityRef, version: number, state: State | undefined): ReceivedMessage {
  const canonical = state && canonicalState(entity, state);
  const at = new Date(version).toISOString();
  const event = {
    kind: canonical ? 'state' : 'tombstone',
    entity,
    version,
    digest: canonical?.digest ?? TOMBSTONE_DIGEST,
    owner: 'lab',
    schemaVersion: 1,
    changedAt: at,
    publishedAt: at,
  } as const;
  return {
    messageId: `${entity.id}@${version}`,
    sequenceNumber: String(version).padStart(20, '0'),
    sentAtMs: version,
    firstReceivedAtMs: version,
    groupId: messageGroupId(entity),
    body: serialiseEvent(event, canonical?.json),
    receiveCount: 1,
  };
}
