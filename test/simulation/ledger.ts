import type { CachedItem, ParkedEvent, ReceivedMessage } from '../../core/project/ports.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import { checkAnswer, checkParked, checkRemoved, checkStored, createCacheBook } from './cache-ledger.ts';
import type { Trace, Violate, Violation } from './checks.ts';
import type { CacheName } from './contracts.ts';
import { createHistory } from './history.ts';
import type { Invocation } from './invocations.ts';
import { createPublications } from './publications.ts';

/** Records what was committed, sent and stored, and checks it. */
export type Ledger = ReturnType<typeof createLedger>;

export function createLedger(nowMs: () => number, trace: Trace) {
  const violations: Violation[] = [];
  const violate: Violate = (check, message) => {
    trace?.(`VIOLATION ${check}: ${message}`);
    violations.push({ check, message, atMs: nowMs() });
  };
  const history = createHistory(trace);
  const publications = createPublications(violate);
  const books = { shop: createCacheBook('shop', violate, trace), depot: createCacheBook('depot', violate, trace) };
  /** Bodies of messages that no cache can ever apply. */
  const garbage = new Set<string>();
  let settled = 0;

  return {
    violations,
    violate,
    trace,
    books,
    garbage,
    history,
    publications,
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
