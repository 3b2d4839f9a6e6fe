import type { CachedItem, ParkedEvent, ReceivedMessage } from '../../core/project/ports.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import { checkAnswer, checkParked, checkRemoved, checkStored, createCacheBook, type Wound } from './cache-ledger.ts';
import type { Trace, Violate, Violation } from './checks.ts';
import type { CacheName } from './contracts.ts';
import type { FaultKind } from './faults.ts';
import { createHistory } from './history.ts';
import type { Invocation } from './invocations.ts';
import { createPublications } from './publications.ts';
import { createRuns } from './runs.ts';

/** Records what was committed, sent and stored, and checks it. */
export type Ledger = ReturnType<typeof createLedger>;

export function createLedger(nowMs: () => number, trace: Trace, count: (kind: FaultKind, times?: number) => void) {
  const violations: Violation[] = [];
  const violate: Violate = (check, message) => {
    trace?.(`VIOLATION ${check}: ${message}`);
    violations.push({ check, message, atMs: nowMs() });
  };
  const history = createHistory(trace, nowMs);
  const publications = createPublications(violate);
  const books = { shop: createCacheBook('shop', violate, trace), depot: createCacheBook('depot', violate, trace) };
  /** Bodies of messages that no cache can ever apply. */
  const garbage = new Set<string>();
  /** Bodies of messages that are addressed, to the caches that may receive them. */
  const addressees = new Map<string, CacheName[]>();
  const runs = createRuns({ nowMs, violate, trace, books, history, publications, count });
  let settled = 0;

  return {
    violations,
    violate,
    trace,
    books,
    garbage,
    history,
    publications,
    runs,
    /** A message is addressed to one cache. */
    addressed(cache: CacheName, body: string): void {
      addressees.set(body, [...(addressees.get(body) ?? []), cache]);
    },
    /** A message arrived in a cache's queue. */
    arrived(cache: CacheName, { groupId, body }: Pick<ReceivedMessage, 'groupId' | 'body'>): void {
      const known = addressees.get(body);
      if (known === undefined || known.includes(cache) || books[cache].expected.has(body)) return;
      violate('misaddressed', `${cache} received ${groupId}, which is addressed to ${known}`);
    },
    get settled() {
      return settled;
    },
    highestOf: (cache: CacheName, groupId: string) => books[cache].highest.get(groupId) ?? 0,
    asked(cache: CacheName, groupId: string, version: number): void {
      const { asked } = books[cache];
      asked.set(groupId, Math.max(version, asked.get(groupId) ?? 0));
    },
    delivered(cache: CacheName, messageId: string): void {
      const { firstDelivered } = books[cache];
      if (!firstDelivered.has(messageId)) firstDelivered.set(messageId, nowMs());
    },
    /** A person changed a cache. */
    wounded(cache: CacheName, groupId: string, wound: Wound, highest?: number): void {
      const { wounds, everWounded, highest: versions } = books[cache];
      trace?.(`${wound.kind} by hand: ${cache} ${groupId}, to have @${wound.version}`);
      wounds.set(groupId, wound);
      everWounded.add(groupId);
      if (highest !== undefined) versions.set(groupId, highest);
    },
    uncleanEnd(cache: CacheName, messageId: string, more = 1): void {
      const { uncleanEnds } = books[cache];
      uncleanEnds.set(messageId, (uncleanEnds.get(messageId) ?? 0) + more);
    },
    stored(cache: CacheName, item: CachedItem, before: CachedItem | undefined): void {
      checkStored(books[cache], history, item, before);
    },
    answered(cache: CacheName, invocation: Invocation, batch: readonly ReceivedMessage[], report: ProjectReport): void {
      settled += checkAnswer(books[cache], garbage, invocation, batch, report, history, nowMs());
    },
    parked(cache: CacheName, given: ParkedEvent, kept: ParkedEvent | undefined): void {
      checkParked(books[cache], given, kept);
    },
    removed(cache: CacheName, event: ParkedEvent, isDropped: boolean): void {
      checkRemoved(books[cache], garbage, event, isDropped);
    },
  };
}
