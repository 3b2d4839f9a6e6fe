import type { Boundary } from '../contract/contract.ts';
import { type EntityRef, entityOfGroup, messageGroupId } from '../entity.ts';
import { shortened } from '../errors.ts';
import type { FailurePolicy, PoisonReason } from '../outcome.ts';
import type { ParkedEvent } from './ports.ts';
import type { Poison, Reading } from './read-message.ts';

/** Faults of the sender. They say nothing about the entity whose message group was used, so they don't stop it. */
const NEVER_STOPS: readonly PoisonReason[] = ['unknown-type', 'wrong-owner', 'wrong-group'];

/**
 * The entity that a message is about: the event's entity if the event is in its own group, else the entity that the
 * group names.
 */
export function entityOf({ message, event }: Reading): EntityRef | undefined {
  if (event !== undefined && messageGroupId(event.entity) === message.groupId) return event.entity;
  return entityOfGroup(message.groupId);
}

/**
 * The declared policy for a poison message. It is `park` for a type that the cache doesn't keep, and instead of `stop`
 * when no entity can be stopped.
 */
export function policyOf(boundary: Boundary, poison: Poison): FailurePolicy {
  const [type = ''] = poison.message.groupId.split(/[/#]/, 1);
  const policy = Object.hasOwn(boundary.caches, type) ? boundary.caches[type]?.onPoison : undefined;
  if (policy !== 'stop') return policy ?? 'park';
  return NEVER_STOPS.includes(poison.reason) || entityOf(poison) === undefined ? 'park' : 'stop';
}

/** Longest explanation that is stored, in UTF-16 code units: an explanation may quote the input. */
const MAX_EXPLANATION = 1_000;

/** The parked event of a message, with the reason and an explanation. */
export function parkedEvent(reading: Reading, status: ParkedEvent['status'], nowMs: number): ParkedEvent {
  const { message, event } = reading;
  const why =
    'reason' in reading
      ? { reason: reading.reason, explanation: shortened(reading.explanation.toWellFormed(), MAX_EXPLANATION) }
      : {
          reason: 'stopped' as const,
          explanation: 'an earlier event of this entity is parked, and the policy is to stop',
        };
  const entity = entityOf(reading);
  // The version of another entity's event says nothing about the entity whose group it came in.
  const isOwn = event !== undefined && entity?.type === event.entity.type && entity.id === event.entity.id;
  const version = isOwn ? event.version : undefined;
  return { status, message, ...why, entity, version, parkedAtMs: nowMs };
}
