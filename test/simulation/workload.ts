import { type EntityRef, entityOfGroup, messageGroupId } from '../../core/entity.ts';
import type { State } from '../../core/state.ts';
import type { Account } from './account.ts';
import type { Cache } from './cache.ts';
import { CACHES, entities } from './contracts.ts';
import { createGarbage } from './garbage.ts';
import { SERVICES } from './invocations.ts';
import type { Operator } from './operator.ts';
import { random } from './random.ts';
import { settle } from './settle.ts';

const DAY_MS = 86_400_000;

/** What happens to one account: commits, and what goes wrong meanwhile. */
export interface WorkloadOptions {
  readonly seed: number;
  readonly commits: number;
  readonly entityCount: number;
}

/** Commits so many versions, with everything that can happen between them. */
export async function runWorkload(account: Account, operator: Operator, options: WorkloadOptions): Promise<void> {
  const { world, owner, caches, sent } = account;
  const { faults, ledger, scheduler, functions } = world;
  const draws = random(options.seed, 'workload');
  const picks = random(options.seed, 'picks');
  const plan = random(options.seed, 'plan');
  const garbage = createGarbage(account, options.seed);
  const all = entities(options.entityCount);
  const background: Promise<void>[] = [];
  const at = (from: number, to: number) => Math.floor(options.commits * (from + plan.next() * (to - from)));
  const lateCache = plan.chance(0.5) ? at(0.1, 0.4) : 0;
  const raising = at(0.2, 0.7);
  const backfilling = at(0.1, 0.9);
  const backingUp = at(0.1, 0.4);
  const restoring = at(0.5, 0.9);
  const leaping = at(0.4, 0.8);
  const leapDays = plan.pick([plan.between(1, 30), plan.between(61, 90)]);
  let backup = owner.table.backup();
  let duplicates = 0;

  const commit = (): boolean => {
    const entity = draws.pick(all);
    const before = owner.table.items.get(messageGroupId(entity));
    const isDeletion = draws.chance(0.12);
    const state = nextState();
    const result = owner.table.commit(entity, isDeletion ? undefined : state);
    if (result === 'deleted') faults.count('tombstone');
    if (result === 'created' && before !== undefined) faults.count('recreation');
    return result !== 'unchanged';
  };

  const nextState = (): State => {
    const note = faults.happens('unstorable', 0.04)
      ? `huge:${picks.pick(CACHES)}`
      : faults.happens('crashAlways', 0.01)
        ? `deadly:${picks.pick(CACHES)}`
        : 'plain';
    const description = 'long enough for a change to be shorter than the whole';
    return { name: `n${draws.between(0, 3)}`, price: draws.between(1, 4), note, description };
  };

  /** Sends an event to a cache once more under an id of its own, as a redrive or a replay would. */
  const sendAgain = (from: readonly { groupId: string; body: string }[]): void => {
    if (from.length === 0) return;
    const cache = picks.pick(caches);
    duplicates += 1;
    faults.count('duplicate');
    account.send(cache, picks.pick(from), `again-${duplicates}`);
  };

  const operate = async (): Promise<void> => {
    const cache = picks.pick(caches);
    const stopped = [...cache.tables.raw.stopped.keys()];
    const aside = operator.groupsAside(cache);
    if (stopped.length > 0 && faults.happens('release', 0.12)) {
      const groupId = picks.pick(stopped);
      const drop = faults.happens('releaseDrop', 0.25);
      background.push(release(cache, groupId, drop));
    } else if (aside.length > 0 && faults.happens('parkingRedrive', 0.08)) {
      background.push(operator.redrive(cache, picks.pick(aside)));
    }
    if (faults.happens('deadLetterMoved', 0.03)) operator.moveDeadLetters(cache);
  };

  /** Lets an entity go on while its owner keeps committing; impatient people ask twice. */
  const release = async (cache: Cache, groupId: string, drop: boolean): Promise<void> => {
    const entity = entityOfGroup(groupId);
    if (entity !== undefined && picks.chance(0.7)) {
      owner.table.commit(entity, nextState());
      // About as long as a commit takes to get to a cache.
      await scheduler.sleep(picks.between(200, 350));
    }
    const isAskedTwice = picks.chance(0.3);
    await Promise.all([
      operator.release(cache, groupId, drop),
      ...(isAskedTwice ? [operator.release(cache, groupId, drop)] : []),
    ]);
  };

  const resync = (entity: EntityRef): void => {
    account.askForResync(entity);
    // A commit at about the same time.
    if (picks.chance(0.5)) owner.table.commit(entity, nextState());
  };

  const raiseFields = async (): Promise<void> => {
    const depot = caches.find(({ name }) => name === 'depot');
    if (depot === undefined) return;
    faults.count('fieldsRaised');
    depot.fieldsRevision = 2;
    // A backfill comes when no projector of the old kind runs any more.
    await scheduler.sleep(600_000);
    await operator.backfill(depot);
  };

  const leap = async (): Promise<void> => {
    const deleted = all.slice(0, 3);
    for (const entity of deleted) {
      if (owner.table.commit(entity, undefined) === 'deleted') faults.count('tombstone');
    }
    await settle(account, operator, true);
    await scheduler.sleep(leapDays * DAY_MS);
    for (const { tables } of caches) tables.expire();
    const groups = deleted.map(messageGroupId);
    for (let count = 0; count < 4; count += 1) sendAgain(sent.filter(({ groupId }) => groups.includes(groupId)));
    await scheduler.sleep(60_000);
    world.isMended = false;
    faults.isCeased = false;
  };

  const happenings = async (count: number): Promise<void> => {
    if (count === lateCache && count > 0) {
      account.subscribe('depot');
      background.push(...caches.filter(({ name }) => name === 'depot').map(operator.backfill));
    }
    if (count === backingUp) backup = owner.table.backup();
    if (count === raising && faults.happens('fieldsRaised', 0.4)) background.push(raiseFields());
    if (count === backfilling && faults.happens('backfill', 0.7))
      background.push(operator.backfill(picks.pick(caches)));
    if (count === leaping && faults.happens('tombstoneExpired', 0.4)) await leap();
    if (count === restoring && faults.happens('restore', 0.3)) {
      faults.count('restore');
      ledger.trace?.('restore');
      owner.table.restore(backup);
      ledger.restored(backup);
      background.push(operator.lift());
    }
    if (faults.happens('duplicate', 0.05)) sendAgain(sent);
    if (faults.happens('throttled', 0.015)) {
      functions.throttle(picks.pick(SERVICES), scheduler.nowMs() + picks.between(5_000, 120_000));
    }
    if (faults.happens('resyncRace', 0.02)) resync(picks.pick(all));
    garbage();
    await operate();
  };

  const pauseMs = (): number => {
    const kind = draws.next();
    return kind < 0.6 ? draws.between(0, 50) : kind < 0.96 ? draws.between(0, 4_000) : draws.between(10_000, 60_000);
  };

  account.subscribe('shop');
  if (lateCache === 0) account.subscribe('depot');
  for (let count = 0; count < options.commits; ) {
    if (ledger.violations.length > 0) return;
    await scheduler.sleep(pauseMs());
    if (!commit()) continue;
    count += 1;
    await happenings(count);
  }
  faults.isCeased = true;
  await Promise.all(background);
}
