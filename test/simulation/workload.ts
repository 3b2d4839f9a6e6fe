import { type EntityRef, entityOfGroup, messageGroupId } from '../../core/entity.ts';
import type { State } from '../../core/state.ts';
import type { Account, Sent } from './account.ts';
import { CACHES, entities } from './contracts.ts';
import type { Cache } from './deployed.ts';
import { LATE_TYPE } from './filter.ts';
import { createGarbage } from './garbage.ts';
import type { HandMade } from './hand-made.ts';
import { SERVICES } from './invocations.ts';
import { beginToKeep } from './keeping.ts';
import type { Operator } from './operator.ts';
import { type Random, random } from './random.ts';
import { settle } from './settle.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Versions that are committed while a service begins to throttle. */
const BACKLOG = 20;

/** The extent of a workload. */
export interface WorkloadOptions {
  readonly seed: number;
  readonly commits: number;
  readonly entityCount: number;
}

/** The commits, by their count, at which rare events happen. */
interface Plan {
  /** When the depot is subscribed and filled; 0 for the start. */
  readonly lateCache: number;
  readonly raising: number;
  readonly backfilling: number;
  readonly backingUp: number;
  readonly restoring: number;
  /** How long after a restore the operator lifts the entities. */
  readonly liftSeconds: number;
  readonly leaping: number;
  readonly throttling: number;
  readonly throttledHours: number;
  /** When the owner is deployed with a new schema version, and how long after that its caches are. */
  readonly upgrading: number;
  readonly upgradeMinutes: number;
  readonly leapDays: number;
  readonly keeping: number;
}

/** A workload while it runs. */
interface Workload {
  readonly account: Account;
  readonly operator: Operator;
  readonly entities: readonly EntityRef[];
  readonly plan: Plan;
  /** Decides what is committed, and when. */
  readonly draws: Random;
  /** Decides which entity, cache or service an event affects. */
  readonly picks: Random;
  readonly background: Promise<void>[];
  readonly sendGarbage: () => void;
  readonly handMade: HandMade;
  backup: ReturnType<Account['owner']['table']['backup']>;
  duplicates: number;
}

/** Commits versions, with everything that can happen between two commits. */
export async function runWorkload(
  account: Account,
  operator: Operator,
  handMade: HandMade,
  options: WorkloadOptions,
): Promise<void> {
  const { faults, ledger, scheduler } = account.world;
  const workload: Workload = {
    account,
    operator,
    entities: entities(options.entityCount),
    plan: planOf(options),
    draws: random(options.seed, 'workload'),
    picks: random(options.seed, 'picks'),
    background: [],
    sendGarbage: createGarbage(account, options.seed),
    handMade,
    backup: account.owner.table.backup(),
    duplicates: 0,
  };
  account.subscribe('shop');
  if (workload.plan.lateCache === 0) account.subscribe('depot');
  for (let count = 0; count < options.commits; ) {
    if (ledger.violations.length > 0) return;
    await scheduler.sleep(pauseMs(workload));
    if (!commit(workload)) continue;
    count += 1;
    await happenAt(workload, count);
  }
  faults.isCeased = true;
  await Promise.all(workload.background);
}

function planOf({ seed, commits }: WorkloadOptions): Plan {
  const draws = random(seed, 'plan');
  const at = (from: number, to: number) => Math.floor(commits * (from + draws.next() * (to - from)));
  return {
    lateCache: draws.chance(0.5) ? at(0.1, 0.4) : 0,
    raising: at(0.2, 0.7),
    backfilling: at(0.1, 0.9),
    backingUp: at(0.1, 0.4),
    restoring: at(0.5, 0.9),
    liftSeconds: draws.between(0, 60),
    leaping: at(0.4, 0.8),
    throttling: at(0.1, 0.85),
    throttledHours: draws.between(2, 5),
    upgrading: at(0.1, 0.85),
    upgradeMinutes: draws.between(1, 20),
    leapDays: draws.pick([draws.between(1, 30), draws.between(61, 90)]),
    keeping: at(0.4, 0.9),
  };
}

function pauseMs({ draws }: Workload): number {
  const kind = draws.next();
  if (kind < 0.6) return draws.between(0, 50);
  return kind < 0.96 ? draws.between(0, 4_000) : draws.between(10_000, 60_000);
}

/** Commits a state or a deletion. Returns whether that made a new version. */
function commit(workload: Workload): boolean {
  const { account, entities, draws } = workload;
  const { table } = account.owner;
  const entity = draws.pick(entities);
  const before = table.items.get(messageGroupId(entity));
  const isDeletion = draws.chance(0.12);
  const state = nextState(workload);
  const result = table.commit(entity, isDeletion ? undefined : state);
  if (result === 'deleted') account.world.faults.count('tombstone');
  if (result === 'created' && before !== undefined) account.world.faults.count('recreation');
  return result !== 'unchanged';
}

function nextState({ account, draws, picks }: Workload): State {
  const { faults } = account.world;
  const note = faults.happens('unstorable', 0.04)
    ? `huge:${picks.pick(CACHES)}`
    : faults.happens('crashAlways', 0.01)
      ? `deadly:${picks.pick(CACHES)}`
      : faults.happens('retriesExhausted', 0.01)
        ? `odd:${picks.pick(CACHES)}`
        : 'plain';
  const description = 'long enough for a change to be shorter than the whole';
  return { name: `n${draws.between(0, 3)}`, price: draws.between(1, 4), note, description };
}

/** Everything that may happen after a commit. */
async function happenAt(workload: Workload, count: number): Promise<void> {
  const { account, operator, background, picks, entities } = workload;
  const { faults, functions, scheduler } = account.world;
  await happenOnce(workload, count);
  if (faults.happens('duplicate', 0.05)) sendAgain(workload, account.sent);
  if (faults.happens('throttled', 0.015)) {
    functions.throttle(picks.pick(SERVICES), scheduler.nowMs() + picks.between(5_000, 120_000));
  }
  if (faults.happens('resyncRace', 0.02)) resync(workload, picks.pick(entities));
  workload.sendGarbage();
  const changed = workload.handMade.sometimes();
  // A person may know what was done, and compare the cache with its owner.
  if (changed !== undefined && picks.chance(0.5)) {
    background.push(operator.inventory(changed.cache, changed.type));
  }
  await operate(workload);
}

/** The rare events that the plan puts at this commit. */
async function happenOnce(workload: Workload, count: number): Promise<void> {
  const { account, operator, plan, picks, background } = workload;
  const { owner, deployed, world } = account;
  const { faults, filters, functions, ledger, scheduler } = world;
  if (count === plan.lateCache && count > 0) {
    account.subscribe('depot');
  }
  if (count === plan.backingUp) workload.backup = owner.table.backup();
  if (count === plan.raising && faults.happens('fieldsRaised', 0.4)) background.push(raiseFields(workload));
  if (count === plan.backfilling && faults.happens('backfill', 0.5)) {
    const cache = picks.pick(deployed);
    background.push(operator.backfill(cache, picks.pick(cache.types)));
  }
  if (count === plan.upgrading && faults.happens('upgradedFirst', 0.3)) {
    faults.count('upgradedFirst');
    owner.table.upgrade();
    background.push(upgradeCaches(workload));
  }
  if (count === plan.keeping && filters.isLate) background.push(beginToKeepLabels(workload));
  if (count === plan.throttling && faults.happens('throttledForHours', 0.25)) {
    faults.count('throttledForHours');
    functions.throttle(picks.pick(SERVICES), scheduler.nowMs() + plan.throttledHours * HOUR_MS, 1);
  }
  // Meanwhile some more versions were committed, which wait behind the throttled ones.
  if (count === plan.throttling + BACKLOG && faults.counts.throttledForHours > 0) {
    await scheduler.sleep(plan.throttledHours * HOUR_MS);
  }
  if (count === plan.leaping && faults.happens('tombstoneExpired', 0.4)) await leap(workload);
  if (count === plan.restoring && faults.happens('restore', 0.3)) {
    faults.count('restore');
    ledger.trace?.('restore');
    owner.table.restore(workload.backup);
    ledger.history.restored(workload.backup);
    ledger.runs.restored();
    background.push(operator.lift(plan.liftSeconds));
  }
}

/** Sends an event to a cache again, with its own deduplication id, as a redrive or a replay would. */
function sendAgain(workload: Workload, from: readonly Sent[]): void {
  const { account, picks } = workload;
  if (from.length === 0) return;
  const cache = picks.pick(account.deployed);
  workload.duplicates += 1;
  account.world.faults.count('duplicate');
  account.send(cache, picks.pick(from), `again-${workload.duplicates}`);
}

/** Asks for an entity's state, and often commits a change at about the same time. */
function resync(workload: Workload, entity: EntityRef): void {
  const { account, picks } = workload;
  account.askForResync(entity);
  if (picks.chance(0.5)) account.owner.table.commit(entity, nextState(workload));
}

/** What an operator may do at a cache: release, redrive, move dead letters, compare it with its owner. */
async function operate(workload: Workload): Promise<void> {
  const { account, operator, picks, background } = workload;
  const { faults } = account.world;
  const cache = picks.pick(account.deployed);
  if (faults.happens('inventory', 0.01)) background.push(operator.inventory(cache, picks.pick(cache.types)));
  const stopped = [...cache.tables.raw.stopped.keys()];
  const parked = operator.parkedGroups(cache);
  if (stopped.length > 0 && faults.happens('release', 0.12)) {
    const groupId = picks.pick(stopped);
    const drop = faults.happens('releaseDrop', 0.25);
    background.push(release(workload, cache, groupId, drop));
  } else if (parked.length > 0 && faults.happens('parkingRedrive', 0.08)) {
    background.push(operator.redrive(cache, picks.pick(parked)));
  }
  if (faults.happens('deadLetterMoved', 0.03)) operator.moveDeadLetters(cache);
}

/** Releases an entity while its owner keeps committing. Some operators send the request twice. */
async function release(workload: Workload, cache: Cache, groupId: string, drop: boolean): Promise<void> {
  const { account, operator, picks } = workload;
  const entity = entityOfGroup(groupId);
  if (entity !== undefined && picks.chance(0.7)) {
    account.owner.table.commit(entity, nextState(workload));
    // About as long as a commit takes to reach a cache.
    await account.world.scheduler.sleep(picks.between(200, 350));
  }
  const times = picks.chance(0.3) ? 2 : 1;
  await Promise.all(Array.from({ length: times }, () => operator.release(cache, groupId, drop)));
}

/** Deploys the caches with the schema version that their owner already publishes. */
async function upgradeCaches({ account, plan }: Workload): Promise<void> {
  await account.world.scheduler.sleep(plan.upgradeMinutes * 60_000);
  for (const cache of account.caches) cache.schemaVersion = 3;
}

/** Deploys the depot so that it keeps labels too, while the owner changes them. */
function beginToKeepLabels(workload: Workload): Promise<void> {
  const { account, picks } = workload;
  const labels = workload.entities.filter(({ type }) => type === LATE_TYPE);
  return beginToKeep(account, () => {
    if (labels.length > 0) account.owner.table.commit(picks.pick(labels), nextState(workload));
  });
}

/**
 * Deploys the depot with another selection of fields. It then fills itself again. The repair function is deployed after
 * the projector, because a projector with the old selection would use up what the backfill sends.
 */
async function raiseFields({ account, picks }: Workload): Promise<void> {
  const { deployed, schedule, world } = account;
  const depot = deployed.find(({ name }) => name === 'depot');
  if (depot === undefined) return;
  world.faults.count('fieldsRaised');
  const isRepairFirst = world.wrong.isRepairDeployedFirst === true;
  depot[isRepairFirst ? 'repairRevision' : 'fieldsRevision'] = 2;
  schedule.wake();
  await world.scheduler.sleep(picks.between(0, 120_000));
  depot.fieldsRevision = 2;
  depot.repairRevision = 2;
  schedule.wake();
}

/** Deletes some entities, lets days pass until their tombstones may have expired, and sends their old events again. */
async function leap(workload: Workload): Promise<void> {
  const { account, operator, plan } = workload;
  const { owner, caches, schedule, sent, world } = account;
  const { faults, scheduler } = world;
  const deleted = workload.entities.slice(0, 3);
  for (const entity of deleted) {
    if (owner.table.commit(entity, undefined) === 'deleted') faults.count('tombstone');
  }
  await settle(account, operator, true);
  schedule.pause();
  await scheduler.sleep(plan.leapDays * DAY_MS);
  for (const { tables } of caches) tables.expire();
  const groups = deleted.map(messageGroupId);
  for (let count = 0; count < 4; count += 1) {
    sendAgain(
      workload,
      sent.filter(({ groupId }) => groups.includes(groupId)),
    );
  }
  await scheduler.sleep(60_000);
  world.isMended = false;
  faults.isCeased = false;
  schedule.wake();
}
