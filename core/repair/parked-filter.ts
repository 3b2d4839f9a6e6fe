import { messageGroupId } from '../entity.ts';
import type { SetAside } from '../project/ports.ts';
import { MAX_REDRIVE_KEYS } from './operation.ts';
import type { SetAsideKey } from './redrive.ts';

/** Which of the events that were set aside are meant; what is left out doesn't matter. */
export interface AsideFilter {
  readonly reason?: string | undefined;
  readonly type?: string | undefined;
  /** The entity's id. */
  readonly entity?: string | undefined;
  readonly status?: SetAside['status'] | undefined;
  /** Set aside longer ago than this. */
  readonly olderThanMs?: number | undefined;
  /** Set aside less long ago than this. */
  readonly newerThanMs?: number | undefined;
  /** Any of these; default any at all. */
  readonly keys?: readonly string[] | undefined;
}

/** How a key is written: `GROUP/SEQUENCE`. Sequence numbers have no slash, so the last one parts it. */
export function asideKey({ groupId, sequenceNumber }: SetAsideKey): string {
  return `${groupId}/${sequenceNumber}`;
}

/** Reads a key that `asideKey` wrote; undefined for anything else. */
export function parseAsideKey(key: string): SetAsideKey | undefined {
  const slash = key.lastIndexOf('/');
  const [groupId, sequenceNumber] = [key.slice(0, Math.max(slash, 0)), key.slice(slash + 1)];
  return groupId === '' || sequenceNumber === '' ? undefined : { groupId, sequenceNumber };
}

/** The entity type of an event that was set aside: its body's, else the one that its message group begins with. */
export function typeOfAside({ entity, message }: SetAside): string {
  return entity?.type ?? message.groupId.split(/[/#]/, 1)[0] ?? '';
}

/** Whether an event is one of those that are meant. */
export function isMeant(aside: SetAside, filter: AsideFilter, nowMs: number): boolean {
  const { reason, type, entity, status, olderThanMs, newerThanMs, keys } = filter;
  const ageMs = nowMs - aside.setAsideAtMs;
  return (
    (reason === undefined || aside.reason === reason) &&
    (type === undefined || typeOfAside(aside) === type) &&
    (entity === undefined || isOf(aside, entity)) &&
    (status === undefined || aside.status === status) &&
    (olderThanMs === undefined || ageMs > olderThanMs) &&
    (newerThanMs === undefined || ageMs < newerThanMs) &&
    (keys === undefined || keys.includes(asideKey(aside.message)))
  );
}

/** Where the body wasn't read, the message group still tells whose event it is. */
function isOf(aside: SetAside, id: string): boolean {
  if (aside.entity !== undefined) return aside.entity.id === id;
  return messageGroupId({ type: typeOfAside(aside), id }) === aside.message.groupId;
}

/** Whether the cache holds a newer state of the entity: the event has nothing to say any more. */
export function isOutdated({ version }: Pick<SetAside, 'version'>, cachedVersion: number | undefined): boolean {
  return version !== undefined && cachedVersion !== undefined && cachedVersion > version;
}

/** Oldest first; of one group in its order. */
export function byAge(a: SetAside, b: SetAside): number {
  if (a.message.groupId === b.message.groupId) return a.message.sequenceNumber < b.message.sequenceNumber ? -1 : 1;
  return a.setAsideAtMs - b.setAsideAtMs || (a.message.groupId < b.message.groupId ? -1 : 1);
}

/**
 * Splits keys into requests to the repair function, each as large as it takes. Keys of one group follow each other in their order, so that
 * it is replayed in order, within a request or over several.
 */
export function redriveRequests(keys: readonly SetAsideKey[]): SetAsideKey[][] {
  const text = ({ groupId, sequenceNumber }: SetAsideKey) => `${groupId} ${sequenceNumber}`;
  const ordered = [...keys].sort((a, b) => (text(a) < text(b) ? -1 : 1));
  return Array.from({ length: Math.ceil(ordered.length / MAX_REDRIVE_KEYS) }, (_, request) =>
    ordered.slice(request * MAX_REDRIVE_KEYS, (request + 1) * MAX_REDRIVE_KEYS),
  );
}
