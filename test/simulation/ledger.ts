import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { ProjectReport } from '../../core/project/batch.ts';
import type { CachedItem, ReceivedMessage, SetAside } from '../../core/project/ports.ts';
import { canonicalJson, type State } from '../../core/state.ts';
import { type CacheName, fieldsOf, policyIn } from './contracts.ts';
import type { Invocation } from './invocations.ts';
import type { Committed } from './owner.ts';

/** What is checked, and what a breach of it would mean. */
export const CHECKS = {
  'goes-back': 'a cache stored a version below one that it had stored before',
  'stored-again': 'a write replaced a version by itself',
  'never-committed': 'a cache stored what its owner never committed',
  'wrong-content': "a cache stored other content than its owner's at that version",
  'publication-dropped': 'the topic or queue took a message and dropped it: its deduplication id was used before',
  'topic-order': 'a version was published for the first time after a later one',
  'group-in-parallel': 'two messages of one group were worked on at once',
  'waits-on-others': 'a message went back without a failure in its own group',
  'untrue-outcome': 'an outcome was counted that the tables do not bear out',
  'not-one-outcome': 'an answered delivery left a message with no outcome, or with two',
  'falsely-crashed': 'a message was parked for crashes that were not its own',
  'lost-aside': 'an event was set aside, and another is in its place',
  'held-behind-nothing': 'a held event was left behind when its entity was let go',
  'stays-poison': 'a genuine event stays poison after its cause is mended',
  'no-final-outcome': 'an event that was sent to a cache never ended there',
  diverged: "a cache does not equal the fold of its owner's history",
  'gap-left': 'a gap was left open',
  'marker-left': 'an entity was left stopped, or an event set aside',
  stuck: 'not everything came to an end after the faults ceased',
} as const;

export type Check = keyof typeof CHECKS;

export interface Violation {
  readonly check: Check;
  readonly message: string;
  readonly atMs: number;
}

interface Version {
  readonly stateJson: string | undefined;
}

/** Knows what was committed, sent and stored, and compares. */
export type Ledger = ReturnType<typeof createLedger>;

export function createLedger(nowMs: () => number, trace: ((text: string) => void) | undefined) {
  const history = new Map<string, Map<number, Version>>();
  const keptJson = new Map<string, string>();
  const records = new Map<string, Committed & { isPublished: boolean }>();
  const firstPublished = new Map<string, Set<number>>();
  const latestPublished = new Map<string, number>();
  const highest = new Map<string, number>();
  /** The owner's current version of each entity. */
  const current = new Map<string, number>();
  const asked = new Map<string, number>();
  const expected = { shop: new Set<string>(), depot: new Set<string>() };
  const finals = { shop: new Map<string, string>(), depot: new Map<string, string>() };
  const sendings = new Set<string>();
  const garbage = new Set<string>();
  const lossy = new Set<string>();
  const uncleanEnds = new Map<string, number>();
  const violations: Violation[] = [];
  let published = 0;
  let settledCount = 0;

  const violate = (check: Check, message: string): void => {
    trace?.(`VIOLATION ${check}: ${message}`);
    violations.push({ check, message, atMs: nowMs() });
  };
  const at = (cache: CacheName, groupId: string) => `${cache} ${groupId}`;

  /** What a cache must hold of a version; undefined for a deletion, `never` for a version that was never committed. */
  const expectedJson = (cache: CacheName, entity: EntityRef, version: number, revision: number) => {
    const groupId = messageGroupId(entity);
    const key = `${cache} ${revision} ${groupId} ${version}`;
    const known = keptJson.get(key);
    if (known !== undefined) return known;
    const committed = history.get(groupId)?.get(version);
    if (committed === undefined) return 'never';
    const fields = fieldsOf(cache, entity.type, revision);
    if (committed.stateJson === undefined || fields === undefined) return committed.stateJson;
    const state = JSON.parse(committed.stateJson) as State;
    const json = canonicalJson(entity, Object.fromEntries(fields.map((field) => [field, state[field]])));
    keptJson.set(key, json);
    return json;
  };

  const untrue = (cache: CacheName, groupId: string, outcome: string, version: number): boolean => {
    const stored = highest.get(at(cache, groupId)) ?? 0;
    if (outcome === 'superseded' || outcome === 'outdated') return stored <= version;
    if (outcome === 'applied' || outcome === 'duplicate') return stored < version;
    if (outcome === 'gap') return (asked.get(at(cache, groupId)) ?? 0) < version;
    return outcome === 'discarded' && policyIn(cache, groupId.split('/')[0] ?? '') !== 'discard';
  };

  return {
    violations,
    violate,
    trace,
    expected,
    finals,
    garbage,
    /** Groups of which something was dropped on purpose: a repair is needed then. */
    lossy,
    get published() {
      return published;
    },
    get settled() {
      return settledCount;
    },
    highestOf: (cache: CacheName, groupId: string) => highest.get(at(cache, groupId)) ?? 0,
    expectedJson,
    committed(owned: OwnedEntity): void {
      const groupId = messageGroupId(owned.entity);
      let versions = history.get(groupId);
      if (versions === undefined) {
        versions = new Map();
        history.set(groupId, versions);
      }
      current.set(groupId, owned.version);
      versions.set(owned.version, { stateJson: owned.stateJson });
      trace?.(`commit ${groupId}@${owned.version} ${owned.stateJson ?? 'deleted'}`);
    },
    /** The owner's table was replaced by an older one. */
    restored(items: ReadonlyMap<string, OwnedEntity>): void {
      current.clear();
      for (const [groupId, { version }] of items) current.set(groupId, version);
    },
    recorded(sequenceNumber: string, committed: Committed): void {
      records.set(sequenceNumber, { ...committed, isPublished: false });
    },
    /** A record of the stream was taken by the topic. */
    publishedRecord(sequenceNumber: string, isDuplicate: boolean): Committed | undefined {
      const record = records.get(sequenceNumber);
      if (record === undefined) return undefined;
      const { groupId, version, token } = record;
      // A request that is delivered twice is answered by one publication.
      const sending = `${groupId}@${version}~${token}`;
      const isAnswered = token !== undefined && sendings.has(sending);
      sendings.add(sending);
      if (!record.isPublished && isDuplicate && !isAnswered) {
        violate('publication-dropped', `${groupId}@${version}${record.isResync ? ' (resync)' : ''} was dropped`);
      }
      record.isPublished = true;
      this.publishedVersion(groupId, version);
      return record;
    },
    publishedVersion(groupId: string, version: number): void {
      published += 1;
      let versions = firstPublished.get(groupId);
      if (versions === undefined) {
        versions = new Set();
        firstPublished.set(groupId, versions);
      }
      if (versions.has(version)) return;
      versions.add(version);
      const latest = latestPublished.get(groupId) ?? 0;
      if (version < latest) violate('topic-order', `${groupId}@${version} came for the first time after @${latest}`);
      latestPublished.set(groupId, Math.max(latest, version));
    },
    asked(cache: CacheName, groupId: string, version: number): void {
      asked.set(at(cache, groupId), Math.max(version, asked.get(at(cache, groupId)) ?? 0));
    },
    uncleanEnd(cache: CacheName, messageId: string): void {
      uncleanEnds.set(at(cache, messageId), (uncleanEnds.get(at(cache, messageId)) ?? 0) + 1);
    },
    stored(cache: CacheName, item: CachedItem, before: CachedItem | undefined): void {
      const groupId = messageGroupId(item.entity);
      const { version, fieldsRevision, schemaVersion } = item;
      const name = `${cache} ${groupId}@${version}`;
      trace?.(`store ${name}${item.dataJson === undefined ? ' (tombstone)' : ''}`);
      const top = highest.get(at(cache, groupId)) ?? 0;
      // A restored owner may be behind what a cache has forgotten; what it holds is the truth all the same.
      const isTruth = before === undefined && current.get(groupId) === version;
      if (version < top && !isTruth) violate('goes-back', `${name} after @${top}`);
      const isSame = before?.version === version && before.fieldsRevision >= fieldsRevision;
      if (isSame && before.schemaVersion >= schemaVersion) violate('stored-again', name);
      const json = expectedJson(cache, item.entity, version, fieldsRevision);
      if (json === 'never') violate('never-committed', name);
      else if (json !== item.dataJson) violate('wrong-content', `${name}: ${item.dataJson}, not ${json}`);
      highest.set(at(cache, groupId), Math.max(top, version));
    },
    /** The projector has answered: every message of the batch must have come to exactly one end. */
    answered(cache: CacheName, invocation: Invocation, batch: readonly ReceivedMessage[], report: ProjectReport): void {
      const settled = new Map(report.settled.map((one) => [one.message.messageId, one]));
      const returned = new Map(report.returned.map((one) => [one.message.messageId, one]));
      for (const { messageId, groupId, body } of batch) {
        const end = settled.get(messageId);
        const back = returned.get(messageId);
        const name = `${cache} ${groupId} ${messageId}`;
        if ((end === undefined) === (back === undefined)) violate('not-one-outcome', `${name} ${end?.outcome}`);
        if (back !== undefined && end === undefined) {
          const isLate = back.error instanceof Error && back.error.name === 'OutOfTime' && invocation.isOutOfTime;
          const crashedBefore = batch.some(
            (one) => one.groupId === groupId && uncleanEnds.has(at(cache, one.messageId)),
          );
          const isApart = back.error instanceof Error && back.error.name === 'SetApart' && crashedBefore;
          const hasCause = isLate || isApart || invocation.failedGroups.has(groupId);
          if (!hasCause) violate('waits-on-others', `${name}: ${back.error}`);
        }
        if (end === undefined) continue;
        settledCount += 1;
        trace?.(`${end.outcome} ${name} @${end.version} ${end.reason ?? ''}`);
        finals[cache].set(body, end.outcome);
        if (end.version !== undefined && untrue(cache, groupId, end.outcome, end.version)) {
          violate('untrue-outcome', `${name} @${end.version} is counted as ${end.outcome}`);
        }
        if (end.outcome === 'discarded' && !garbage.has(body)) lossy.add(at(cache, groupId));
        if (end.reason === 'crashed' && (uncleanEnds.get(at(cache, messageId)) ?? 0) < 2) {
          violate('falsely-crashed', name);
        }
      }
    },
    setAside(cache: CacheName, given: SetAside, kept: SetAside | undefined): void {
      if (kept?.message.body === given.message.body) return;
      const { groupId, sequenceNumber, messageId } = given.message;
      violate('lost-aside', `${cache} ${groupId} ${sequenceNumber}: ${messageId} is not what lies there`);
    },
    /** An event was forgotten that had been set aside: by a redrive it must have come to an end, by a drop it needs none. */
    removedAside(cache: CacheName, { message, version }: SetAside, isDropped: boolean): void {
      const { groupId, body } = message;
      finals[cache].set(body, isDropped ? 'dropped' : 'redriven');
      if (garbage.has(body)) return;
      if (isDropped) lossy.add(at(cache, groupId));
      else if (version !== undefined && policyIn(cache, groupId.split('/')[0] ?? '') !== 'discard') {
        const reached = Math.max(highest.get(at(cache, groupId)) ?? 0, asked.get(at(cache, groupId)) ?? 0);
        if (reached < version) violate('untrue-outcome', `${cache} ${groupId}@${version} was redriven and is nowhere`);
      } else lossy.add(at(cache, groupId));
    },
  };
}
