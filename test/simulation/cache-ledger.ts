import { messageGroupId } from '../../core/entity.ts';
import type { CachedItem, ParkedEvent, ReceivedMessage } from '../../core/project/ports.ts';
import type { ProjectReport, Settled } from '../../core/project/report.ts';
import type { Trace, Violate } from './checks.ts';
import { type CacheName, policyIn, SETTINGS } from './contracts.ts';
import type { History } from './history.ts';
import type { Invocation } from './invocations.ts';

/** What is known of one cache. */
export interface CacheBook {
  readonly cache: CacheName;
  readonly violate: Violate;
  readonly trace: Trace;
  /** Bodies of the events that were sent to the cache. */
  readonly expected: Set<string>;
  /** Body of an event to its last outcome. */
  readonly finals: Map<string, string>;
  /** Message group to the highest version that the cache stored. */
  readonly highest: Map<string, number>;
  /** Message group to the highest version that the cache asked for. */
  readonly asked: Map<string, number>;
  /** How long the cache retries an event of a newer schema version. */
  newerSchemaWaitSeconds: number;
  /** Message id to the time of its first delivery. */
  readonly firstDelivered: Map<string, number>;
  /** Message id to the invocations that ended without an answer while they tried the message alone. */
  readonly uncleanEnds: Map<string, number>;
  /** Groups of which an event was dropped on purpose: the cache needs a repair. */
  readonly lossy: Set<string>;
  /** Groups that a person changed in the cache, until the cache holds the version again. */
  readonly wounds: Map<string, Wound>;
  /** Groups that a person ever changed. */
  readonly everWounded: Set<string>;
  /** Groups to which a forged state was sent: a cache without the version would take it for the owner's. */
  readonly forged: Set<string>;
}

/** A change of a cache that a person made past the projector. */
export interface Wound {
  /**
   * `removed`: the item is gone · `older`: the item has an earlier version · `changed`: its data is another ·
   * `purged`: messages of its group were deleted from the queue
   */
  readonly kind: 'removed' | 'older' | 'changed' | 'purged';
  /** The version that the cache had, or would have. */
  readonly version: number;
}

export function createCacheBook(cache: CacheName, violate: Violate, trace: Trace): CacheBook {
  return {
    cache,
    violate,
    trace,
    expected: new Set(),
    finals: new Map(),
    highest: new Map(),
    asked: new Map(),
    newerSchemaWaitSeconds: 0,
    firstDelivered: new Map(),
    uncleanEnds: new Map(),
    lossy: new Set(),
    wounds: new Map(),
    everWounded: new Set(),
    forged: new Set(),
  };
}

/** Checks a write that the cache's table accepted. */
export function checkStored(book: CacheBook, history: History, item: CachedItem, before: CachedItem | undefined): void {
  const { cache, violate, trace, highest, wounds } = book;
  const groupId = messageGroupId(item.entity);
  const { version, fieldsRevision, schemaVersion } = item;
  const name = `${cache} ${groupId}@${version}`;
  trace?.(`store ${name}${item.dataJson === undefined ? ' (tombstone)' : ''}`);
  const top = highest.get(groupId) ?? 0;
  // A restored owner may be behind a version whose tombstone has expired in the cache. The owner's version is the
  // truth.
  const isTruth = before === undefined && history.isCurrent(groupId, version);
  if (version < top && !isTruth) violate('goes-back', `${name} after @${top}`);
  const isSame = before?.version === version && before.fieldsRevision >= fieldsRevision;
  if (isSame && before.schemaVersion >= schemaVersion) violate('stored-again', name);
  const json = history.expectedJson(cache, item.entity, version, fieldsRevision);
  if (json === 'never') violate('never-committed', name);
  else if (json !== item.dataJson) violate('wrong-content', `${name}: ${item.dataJson}, not ${json}`);
  highest.set(groupId, Math.max(top, version));
  if (version >= (wounds.get(groupId)?.version ?? Number.POSITIVE_INFINITY)) wounds.delete(groupId);
}

/**
 * Checks a projector's answer: every message of the batch must have exactly one outcome. Returns the number of settled
 * messages.
 */
export function checkAnswer(
  book: CacheBook,
  garbage: ReadonlySet<string>,
  invocation: Invocation,
  batch: readonly ReceivedMessage[],
  report: ProjectReport,
  history: History,
  nowMs: number,
): number {
  const settled = new Map(report.settled.map((one) => [one.message.messageId, one]));
  const returned = new Map(report.returned.map((one) => [one.message.messageId, one]));
  let count = 0;
  for (const message of batch) {
    const end = settled.get(message.messageId);
    const back = returned.get(message.messageId);
    const name = `${book.cache} ${message.groupId} ${message.messageId}`;
    if ((end === undefined) === (back === undefined)) book.violate('not-one-outcome', `${name} ${end?.outcome}`);
    if (end !== undefined) {
      count += 1;
      checkSettled(book, garbage, end, name);
      checkTried(book, garbage, history, end, nowMs, name);
    } else if (back !== undefined && !hasCause(book, invocation, batch, back)) {
      book.violate('waits-on-others', `${name}: ${back.error}`);
    }
  }
  return count;
}

/**
 * Whether there is a cause to return a message: a failure in its group, the end of the time, or a crash of its group
 * before.
 */
function hasCause(
  { uncleanEnds }: CacheBook,
  invocation: Invocation,
  batch: readonly ReceivedMessage[],
  { message, error }: ProjectReport['returned'][number],
): boolean {
  const name = error instanceof Error ? error.name : '';
  const { groupId } = message;
  const crashedBefore = () => batch.some((one) => one.groupId === groupId && uncleanEnds.has(one.messageId));
  const waitsForSchema = name === 'NewerSchema' && batch.some((one) => one.groupId === groupId);
  const isLate = name === 'OutOfTime' && invocation.isOutOfTime;
  return isLate || waitsForSchema || (name === 'SetApart' && crashedBefore()) || invocation.failedGroups.has(groupId);
}

function checkSettled(book: CacheBook, garbage: ReadonlySet<string>, end: Settled, name: string): void {
  const { violate, trace, finals, lossy, uncleanEnds } = book;
  const { outcome, version, reason } = end;
  const { groupId, messageId, body } = end.message;
  trace?.(`${outcome} ${name} @${version} ${reason ?? ''}`);
  finals.set(body, outcome);
  if (version !== undefined && isUntrue(book, groupId, outcome, version)) {
    violate('untrue-outcome', `${name} @${version} is counted as ${outcome}`);
  }
  if (outcome === 'discarded' && !garbage.has(body)) lossy.add(groupId);
  if (reason === 'crashed' && (uncleanEnds.get(messageId) ?? 0) < 2) violate('falsely-crashed', name);
}

/**
 * Checks a message that was tried again and again: it was the message that failed, and it was tried for long enough.
 */
function checkTried(
  { cache, violate, firstDelivered, newerSchemaWaitSeconds }: CacheBook,
  garbage: ReadonlySet<string>,
  history: History,
  { reason, entity, version, message: { messageId, body } }: Settled,
  nowMs: number,
  name: string,
): void {
  const isExhausted = reason === 'retries-exhausted';
  const state = isExhausted && entity && version && history.expectedJson(cache, entity, version, 1);
  if (isExhausted && !String(state).includes(`"note":"odd:${cache}"`)) violate('healthy-parked', name);
  const isNewer = reason === 'newer-schema' && !garbage.has(body);
  const seconds = isExhausted ? SETTINGS.budget.ageSeconds : isNewer ? newerSchemaWaitSeconds : 0;
  const triedMs = nowMs - (firstDelivered.get(messageId) ?? nowMs);
  if (triedMs < seconds * 1000) violate('parked-early', `${name} after ${triedMs} ms`);
}

/** Whether the tables contradict an outcome. */
function isUntrue(book: CacheBook, groupId: string, outcome: string, version: number): boolean {
  const { cache, highest, asked, wounds } = book;
  // The outcome was true before a person changed the item, or it is true of the changed item.
  if (wounds.has(groupId)) return false;
  const stored = highest.get(groupId) ?? 0;
  if (outcome === 'superseded' || outcome === 'outdated') return stored <= version;
  if (outcome === 'applied' || outcome === 'duplicate') return stored < version;
  if (outcome === 'gap') return (asked.get(groupId) ?? 0) < version;
  return outcome === 'discarded' && policyIn(cache, groupId.split('/')[0] ?? '') !== 'discard';
}

/** Checks that a parked event is in the parking table. */
export function checkParked({ cache, violate }: CacheBook, given: ParkedEvent, kept: ParkedEvent | undefined): void {
  if (kept?.message.body === given.message.body) return;
  const { groupId, sequenceNumber, messageId } = given.message;
  violate('lost-parked', `${cache} ${groupId} ${sequenceNumber}: another event than ${messageId} is there`);
}

/** Checks a parked event that was removed. After a redrive it must have an outcome; after a drop it needs none. */
export function checkRemoved(
  book: CacheBook,
  garbage: ReadonlySet<string>,
  { message, version }: ParkedEvent,
  isDropped: boolean,
): void {
  const { cache, violate, finals, lossy, highest, asked, wounds } = book;
  const { groupId, body } = message;
  finals.set(body, isDropped ? 'dropped' : 'redriven');
  if (garbage.has(body)) return;
  const isDiscarded = version === undefined || policyIn(cache, groupId.split('/')[0] ?? '') === 'discard';
  if (isDropped || isDiscarded) lossy.add(groupId);
  else if (wounds.has(groupId)) return;
  else if (Math.max(highest.get(groupId) ?? 0, asked.get(groupId) ?? 0) < version) {
    violate('untrue-outcome', `${cache} ${groupId}@${version} was redriven and is nowhere`);
  }
}
