import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import { serialiseEvent, type VersionedEvent } from '../../core/event.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import type { Product } from './boundaries.ts';

export const CHANGED_AT = '2026-11-23T10:00:00.000Z';
export const PUBLISHED_AT = '2026-11-23T10:00:01.000Z';

/** A product entity. */
export function product(id = 'p1'): EntityRef {
  return { type: 'Product', id };
}

/** The state of an entity at a version. In these tests, the price is the version. */
export function stateAt(version: number): Product {
  return { name: 'bolt', price: version };
}

/** An entity as its owner's table holds it, not deleted. @param state default: `stateAt(version)` */
export function owned(entity: EntityRef, version: number, state: object | undefined = stateAt(version)): OwnedEntity {
  const { json, digest } = canonicalState(entity, state);
  return { entity, version, digest, schemaVersion: 1, changedAt: CHANGED_AT, stateJson: json };
}

/** A deleted entity as its owner's table holds it. */
export function deleted(entity: EntityRef, version: number): OwnedEntity {
  return {
    entity,
    version,
    digest: TOMBSTONE_DIGEST,
    schemaVersion: 1,
    changedAt: CHANGED_AT,
    stateJson: undefined,
  };
}

/** The body of the event that a relay publishes for an entity. @param changes replaces attributes of the event */
export function eventBody(of: OwnedEntity, changes: Partial<Omit<VersionedEvent, 'data'>> = {}): string {
  const { entity, version, digest, changedAt, stateJson } = of;
  const kind = stateJson === undefined ? 'tombstone' : 'state';
  return serialiseEvent(
    {
      kind,
      entity,
      version,
      digest,
      owner: 'catalogue',
      schemaVersion: 1,
      changedAt,
      publishedAt: PUBLISHED_AT,
      ...changes,
    },
    stateJson,
  );
}

let received = 0;

/** A message in the group of its entity, as the projector's queue delivers it. */
export function message(of: OwnedEntity, changes: Partial<ReceivedMessage> = {}): ReceivedMessage {
  received += 1;
  return {
    messageId: `m${received}`,
    sequenceNumber: String(received).padStart(20, '0'),
    sentAtMs: Date.parse(PUBLISHED_AT),
    firstReceivedAtMs: Date.parse(PUBLISHED_AT),
    groupId: messageGroupId(of.entity),
    body: eventBody(of),
    receiveCount: 1,
    ...changes,
  };
}
