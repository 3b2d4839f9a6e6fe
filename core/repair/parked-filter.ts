import { messageGroupId } from '../entity.ts';
import type { ParkedEvent } from '../project/ports.ts';
import { MAX_REDRIVE_KEYS } from './operation.ts';
import { byParkedKey, type ParkedKey, parkedKeyText } from './parked-key.ts';

/** Selects parked events. Each condition is optional, and an event must meet all that are given. */
export interface ParkedFilter {
  readonly reason?: string | undefined;
  readonly type?: string | undefined;
  /** The entity's id. */
  readonly entity?: string | undefined;
  readonly status?: ParkedEvent['status'] | undefined;
  /** Parked longer ago than this. */
  readonly olderThanMs?: number | undefined;
  /** Parked more recently than this. */
  readonly newerThanMs?: number | undefined;
  /** The texts of keys; the event's key is one of them. */
  readonly keys?: readonly string[] | undefined;
}

/** The entity type of a parked event: the one that its body names, else the one that its message group begins with. */
export function typeOfParked({ entity, message }: ParkedEvent): string {
  return entity?.type ?? message.groupId.split(/[/#]/, 1)[0] ?? '';
}

/** Whether a filter selects a parked event. */
export function isSelected(event: ParkedEvent, filter: ParkedFilter, nowMs: number): boolean {
  const { reason, type, entity, status, olderThanMs, newerThanMs, keys } = filter;
  const ageMs = nowMs - event.parkedAtMs;
  return (
    (reason === undefined || event.reason === reason) &&
    (type === undefined || typeOfParked(event) === type) &&
    (entity === undefined || isOf(event, entity)) &&
    (status === undefined || event.status === status) &&
    (olderThanMs === undefined || ageMs > olderThanMs) &&
    (newerThanMs === undefined || ageMs < newerThanMs) &&
    (keys === undefined || keys.includes(parkedKeyText(event.message)))
  );
}

/** Whether an event is of an entity id. When the body couldn't be read, the message group tells. */
function isOf(event: ParkedEvent, id: string): boolean {
  if (event.entity !== undefined) return event.entity.id === id;
  return messageGroupId({ type: typeOfParked(event), id }) === event.message.groupId;
}

/** Whether the cache holds a newer state of the entity than the event carries. */
export function isOutdated({ version }: Pick<ParkedEvent, 'version'>, cachedVersion: number | undefined): boolean {
  return version !== undefined && cachedVersion !== undefined && cachedVersion > version;
}

/** Sorts events by age, the oldest first, and the events of one group by sequence number. */
export function byAge(a: ParkedEvent, b: ParkedEvent): number {
  if (a.message.groupId === b.message.groupId) return byParkedKey(a.message, b.message);
  return a.parkedAtMs - b.parkedAtMs || byParkedKey(a.message, b.message);
}

/**
 * Splits keys into requests to the repair function, each with as many keys as a request takes. The keys of one group
 * stay together and in order, so that the group is replayed in order, within one request or over several.
 */
export function redriveRequests(keys: readonly ParkedKey[]): ParkedKey[][] {
  const ordered = [...keys].sort(byParkedKey);
  return Array.from({ length: Math.ceil(ordered.length / MAX_REDRIVE_KEYS) }, (_, request) =>
    ordered.slice(request * MAX_REDRIVE_KEYS, (request + 1) * MAX_REDRIVE_KEYS),
  );
}
