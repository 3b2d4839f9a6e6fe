import type { Boundary } from '../contract.ts';
import { type EntityRef, entityOfGroup, messageGroupId } from '../entity.ts';
import { shortened } from '../errors.ts';
import type { FailurePolicy, PoisonReason } from '../outcome.ts';
import type { SetAside } from './ports.ts';
import type { Poison, Reading } from './read-message.ts';

/** Faults of the sender that say nothing of the entity whose group the message is in: they don't stop it. */
const NEVER_STOPS: readonly PoisonReason[] = ['unknown-type', 'wrong-owner', 'wrong-group'];

/** The entity that a message is about: its event's if that is in its own group, else the one that the group names. */
export function entityOf({ message, event }: Reading): EntityRef | undefined {
  if (event !== undefined && messageGroupId(event.entity) === message.groupId) return event.entity;
  return entityOfGroup(message.groupId);
}

/** The declared policy for a poison message; `park` where its type isn't kept, and instead of `stop` where there is no entity to stop. */
export function policyOf(boundary: Boundary, poison: Poison): FailurePolicy {
  const [type = ''] = poison.message.groupId.split(/[/#]/, 1);
  const policy = Object.hasOwn(boundary.caches, type) ? boundary.caches[type]?.onPoison : undefined;
  if (policy !== 'stop') return policy ?? 'park';
  return NEVER_STOPS.includes(poison.reason) || entityOf(poison) === undefined ? 'park' : 'stop';
}

/** Longest explanation that is kept: it may quote the input. */
const MAX_EXPLANATION = 1_000;

/** What is set aside of a message. */
export function setAside(reading: Reading, status: SetAside['status'], nowMs: number): SetAside {
  const { message, event } = reading;
  const why =
    'reason' in reading
      ? { reason: reading.reason, explanation: shortened(reading.explanation.toWellFormed(), MAX_EXPLANATION) }
      : {
          reason: 'stopped' as const,
          explanation: 'an earlier event of this entity is parked, and the policy is to stop',
        };
  const entity = entityOf(reading);
  // A foreign event's version says nothing of the entity whose group it came in.
  const isOwn = event !== undefined && entity?.type === event.entity.type && entity.id === event.entity.id;
  const version = isOwn ? event.version : undefined;
  return { status, message, ...why, entity, version, setAsideAtMs: nowMs };
}
