import { type EntityRef, entityOfGroup } from '../entity.ts';
import type { Outcome } from '../outcome.ts';
import { traceIdOf } from '../trace.ts';
import type { ParkedReason } from './ports.ts';

/** Log property with the outcomes of a batch of events. It is never a dimension. */
export const OUTCOMES_PROPERTY = 'outcomes';

/**
 * The outcome of one event, as a function logs it. A search in the logs relies on the order of the properties:
 * `outcome` comes directly before `type` and `id`, or before `group`.
 */
export interface LoggedOutcome {
  readonly outcome: Outcome;
  /** The entity that the event or its message group names; undefined if neither names one. */
  readonly type?: string | undefined;
  readonly id?: string | undefined;
  /** The message group; only if the entity is unknown. */
  readonly group?: string | undefined;
  readonly version?: number | undefined;
  /** Why the event is poison or was parked. */
  readonly reason?: ParkedReason | undefined;
  /** Milliseconds, see `Settled.leadTimeMs`. */
  readonly leadTimeMs?: number | undefined;
  /** The trace in which the owner committed the version: 32 hexadecimal digits. */
  readonly traceId?: string | undefined;
}

/** How one event ended. */
export interface Ended {
  readonly outcome: Outcome;
  readonly reason: ParkedReason | undefined;
  readonly entity?: EntityRef | undefined;
  readonly version?: number | undefined;
  readonly leadTimeMs?: number | undefined;
  readonly traceparent?: string | undefined;
}

/** Returns what is logged of an event that ended. It has no part of the event's state. */
export function loggedOutcome(groupId: string, ended: Ended): LoggedOutcome {
  const { outcome, reason, entity = entityOfGroup(groupId), version, leadTimeMs, traceparent } = ended;
  const subject = entity === undefined ? { group: groupId } : { type: entity.type, id: entity.id };
  return { outcome, ...subject, version, reason, leadTimeMs, traceId: traceIdOf(traceparent) };
}
