import { messageGroupId } from '../../core/entity.ts';
import type { CachedItem, ParkedEvent } from '../../core/project/ports.ts';
import type { BackfillNote } from '../../core/repair/backfill.ts';
import type { InventoryNote } from '../../core/repair/inventory.ts';
import type { PageRequest } from '../../core/repair/pages.ts';
import type { CacheBook } from './cache-ledger.ts';
import type { Trace, Violate } from './checks.ts';
import type { CacheName } from './contracts.ts';
import type { FaultKind } from './faults.ts';
import type { History } from './history.ts';
import type { Publications } from './publications.ts';

/** Entities that were created in this time before a backfill may be missing in an eventually consistent read. */
const STALE_READ_MS = 1_000;

/** A backfill or an inventory, as it was asked for. */
type Named = Pick<PageRequest, 'cache' | 'type' | 'purpose' | 'run'>;

interface Run {
  /** When the run was noted, and when the function that began it read the clock, epoch milliseconds. */
  readonly beganAtMs: number;
  startedAtMs: number;
  /** Message group to the owner's version when the run began. */
  readonly begun: ReadonlyMap<string, number>;
  /** Groups that were published to the cache for this run. */
  readonly sent: Set<string>;
  requests: number;
  /** The highest number of a page that was asked for. */
  highestIndex: number;
  /** Deliveries of pages that were delivered before. Each may ask for the next page once more. */
  redeliveries: number;
  isRestored: boolean;
}

/** A cache whose notes are checked. */
export interface NotedCache {
  readonly name: CacheName;
  readonly tables: {
    readonly raw: {
      readonly stored: ReadonlyMap<string, CachedItem>;
      readonly stopped: ReadonlyMap<string, unknown>;
      readonly parked: ReadonlyMap<string, ParkedEvent>;
    };
    readonly gaps: ReadonlyMap<string, unknown>;
  };
}

/** What the runs are checked against. */
export interface RunParts {
  readonly nowMs: () => number;
  readonly violate: Violate;
  readonly trace: Trace;
  readonly books: Readonly<Record<CacheName, CacheBook>>;
  readonly history: History;
  readonly publications: Publications;
  readonly count: (kind: FaultKind, times?: number) => void;
}

/** Records the backfills and inventories of the caches, and checks their notes. */
export type Runs = ReturnType<typeof createRuns>;

export function createRuns(parts: RunParts) {
  const { nowMs, violate, trace, history, count } = parts;
  const runs = new Map<string, Run>();
  /** Cache, group and version to the bodies of the events that brought the version to the cache. */
  const changes = new Map<string, string[]>();

  const runOf = ({ cache, type, purpose, run }: Named): Run => {
    const key = `${cache} ${type} ${purpose} ${run}`;
    let known = runs.get(key);
    if (known === undefined) {
      const begun = history.versionsOf(type);
      const beganAtMs = nowMs();
      const counts = { requests: 0, highestIndex: 0, redeliveries: 0 };
      known = { beganAtMs, startedAtMs: beganAtMs, begun, sent: new Set(), ...counts, isRestored: false };
      runs.set(key, known);
    }
    return known;
  };

  return {
    /** The relay published a version, and this cache receives it. */
    changed(cache: CacheName, groupId: string, version: number, body: string): void {
      const key = `${cache} ${groupId}@${version}`;
      const bodies = changes.get(key);
      if (bodies === undefined) changes.set(key, [body]);
      else bodies.push(body);
    },
    /** The owner's table was replaced by a backup: what was in it when a run began may be gone. */
    restored(): void {
      for (const run of runs.values()) run.isRestored = true;
    },
    sent(request: PageRequest, groupId: string): void {
      runOf(request).sent.add(groupId);
    },
    redelivered(page: Named): void {
      runOf(page).redeliveries += 1;
    },
    /** A cache asks for a page. */
    asked(request: PageRequest, stalledMs: number): void {
      const run = runOf(request);
      run.requests += 1;
      // A request that was made again may be sent after the request for the next page.
      run.highestIndex = Math.max(run.highestIndex, request.index);
      const stalls = Math.floor((nowMs() - run.startedAtMs) / stalledMs);
      const { requests, redeliveries, highestIndex } = run;
      trace?.(`ask ${request.cache} ${request.purpose} ${request.type} ${request.run} page ${request.index}`);
      if (requests <= highestIndex + 1 + redeliveries + stalls) return;
      const allowed = `page ${highestIndex}, ${redeliveries} redeliveries, ${stalls} stalls`;
      violate('second-chain', `${request.cache} ${request.purpose} ${request.type}: ${requests} requests, ${allowed}`);
    },
    backfillNoted(cache: NotedCache, type: string, before: BackfillNote | undefined, after: BackfillNote): void {
      const run = runOf({ cache: cache.name, type, purpose: 'backfill', run: after.run ?? '' });
      trace?.(`note ${cache.name} ${type} ${JSON.stringify(after)}`);
      if (after.status === 'filling') run.startedAtMs = Date.parse(after.startedAt);
      if (before !== undefined && after.run === before.run) {
        count('unsendable', after.unsendableCount - before.unsendableCount);
        const isSamePage = after.status === 'filling' && before.status === 'filling' && after.index === before.index;
        if (isSamePage) count('pageAskedAgain');
      }
      if (after.status === 'filling' && after.sentAllAtMs !== undefined) checkSent(parts, cache.name, type, run, after);
      if (after.status !== 'ready') return;
      count('backfill');
      checkReady(parts, cache, type, run, after.revision ?? 0);
    },
    inventoryNoted(cache: NotedCache, type: string, before: InventoryNote | undefined, after: InventoryNote): void {
      const run = runOf({ cache: cache.name, type, purpose: 'inventory', run: after.run });
      run.startedAtMs = Date.parse(after.startedAt);
      trace?.(`note ${cache.name} ${type} ${JSON.stringify(after)}`);
      if (before?.run !== after.run) return;
      countFound(parts, before, after);
      for (const { id, difference, version } of after.examples.slice(before.examples.length)) {
        const groupId = messageGroupId({ type, id });
        const bodies = changes.get(`${cache.name} ${groupId}@${version}`) ?? [];
        if (difference === 'missing' || difference === 'behind') checkLost(parts, cache, groupId, version, bodies);
        else if (difference !== 'different') checkDifference(parts, cache, groupId, `${difference} @${version}`);
      }
    },
  };
}

/** Checks that a backfill whose last page came has sent every entity that the owner had when it began. */
function checkSent(
  { violate, history }: RunParts,
  cache: CacheName,
  type: string,
  { begun, sent, beganAtMs, isRestored }: Run,
  note: Pick<BackfillNote, 'sent' | 'unsendableCount'>,
): void {
  if (isRestored) return;
  const old = [...begun.keys()].filter((groupId) => history.createdAtMs(groupId) <= beganAtMs - STALE_READ_MS);
  const skipped = note.unsendableCount > 0 ? undefined : old.find((groupId) => !sent.has(groupId));
  if (skipped !== undefined) violate('page-skipped', `${cache} ${skipped} was not sent`);
  const named = note.sent + note.unsendableCount;
  if (named < old.length) violate('page-skipped', `${cache} ${type}: ${named} of ${old.length} entities were sent`);
}

/** Checks that a cache that counts as filled has what its owner had when the backfill began. */
function checkReady(parts: RunParts, cache: NotedCache, type: string, run: Run, revision: number): void {
  if (run.isRestored) return;
  for (const [groupId, version] of run.begun) {
    const item = cache.tables.raw.stored.get(groupId);
    const isThere = item !== undefined && item.version >= version && item.fieldsRevision >= revision;
    if (isThere || isExcused(parts, cache, groupId, version)) continue;
    const held = item === undefined ? 'nothing' : `@${item.version} with fields ${item.fieldsRevision}`;
    parts.violate('not-ready', `${cache.name} ${type}: ${groupId}@${version} with fields ${revision}, holds ${held}`);
  }
}

/** Whether an entity may be absent or old: its event was set aside or dropped, or a person changed the cache. */
function isExcused(
  { books, history }: RunParts,
  { name, tables }: NotedCache,
  groupId: string,
  version: number,
): boolean {
  const { lossy, wounds } = books[name];
  const { stored, stopped, parked } = tables.raw;
  // It is published when it is lifted into the new epoch.
  if (history.isBeforeEpoch(version)) return true;
  const isExpired = history.isDeleted(groupId, version) && !stored.has(groupId);
  const isSetAside = stopped.has(groupId) || [...parked.values()].some(({ message }) => message.groupId === groupId);
  return lossy.has(groupId) || wounds.has(groupId) || tables.gaps.has(groupId) || isExpired || isSetAside;
}

/** Checks an entity that an inventory counts as lost: the version's event has ended in the cache, and isn't there. */
function checkLost(
  { books, history, publications, violate }: RunParts,
  { name, tables }: NotedCache,
  groupId: string,
  version: number,
  bodies: readonly string[],
): void {
  const { finals, lossy, everWounded } = books[name];
  const what = `${name} ${groupId}@${version}`;
  if (history.isBeforeEpoch(version)) return;
  if (!publications.isPublished(groupId, version)) violate('counted-in-flight', `${what} isn't published yet`);
  if (bodies.length === 0) return;
  const isWounded = everWounded.has(groupId) || lossy.has(groupId);
  const isParked = [...tables.raw.parked.values()].some(({ message }) => bodies.includes(message.body));
  if (!bodies.some((body) => finals.has(body))) violate('counted-in-flight', `${what} hasn't ended`);
  else if (isParked && !isWounded) violate('counted-in-flight', `${what} is parked`);
  else if (!isWounded) violate('falsely-lost', `${what} ended as ${bodies.map((body) => finals.get(body))}`);
}

/** Checks a difference that only a person can judge: without a restore and hand-made changes there is none. */
function checkDifference(
  { books, history, violate }: RunParts,
  { name }: NotedCache,
  groupId: string,
  difference: string,
): void {
  const isPossible = history.isRestored || books[name].everWounded.has(groupId);
  if (!isPossible) violate('falsely-lost', `${name} ${groupId} counts as ${difference}`);
}

function countFound({ count }: RunParts, before: InventoryNote, after: InventoryNote): void {
  const grown = (of: (note: InventoryNote) => number) => of(after) - of(before);
  count(
    'foundLost',
    grown(({ found }) => found.missing + found.behind),
  );
  count(
    'foundChanged',
    grown(({ found }) => found.different),
  );
  count(
    'foundInFlight',
    grown(({ inFlight }) => inFlight),
  );
  count(
    'foundSetAside',
    grown(({ setAside }) => setAside),
  );
  count(
    'healed',
    grown(({ healed }) => healed.missing + healed.behind + healed.different),
  );
  if (after.endedAt !== undefined && before.endedAt === undefined) count('inventory');
  if (after.index === before.index && !before.isRead && after.askedAtMs !== before.askedAtMs) count('pageAskedAgain');
}
