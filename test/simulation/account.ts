import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import { createMessaging } from '../../local/fifo/messaging.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { createCache } from './cache.ts';
import { CACHES, type CacheName } from './contracts.ts';
import type { Cache } from './deployed.ts';
import { createFanOut } from './fan-out.ts';
import { createFaults, type FaultKind } from './faults.ts';
import { createFilters } from './filter.ts';
import { startGovernor } from './governor.ts';
import { createFunctions } from './invocations.ts';
import { createLedger } from './ledger.ts';
import { startAnswers } from './owner-repair.ts';
import { random } from './random.ts';
import { createOwner, type Owner } from './relay.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { createScheduler } from './scheduler.ts';
import type { World, Wrong } from './world.ts';

/** An event that was sent. It can be delivered again at any time. */
export interface Sent {
  readonly groupId: string;
  readonly body: string;
}

/** Everything that is deployed, and ways to reach it without the functions. */
export interface Account {
  readonly world: World;
  readonly owner: Owner;
  readonly caches: readonly Cache[];
  /** The caches that are subscribed. */
  readonly deployed: readonly Cache[];
  readonly schedule: Schedule;
  /** The events that the relay published, in order. */
  readonly sent: readonly Sent[];
  subscribe(cache: CacheName): void;
  /** Sends an event to the queue of one cache only, if the cache keeps the event's type. */
  send(cache: Cache, message: Sent, deduplicationId: string): void;
  /** Has the owner publish an entity again to all caches. */
  askForResync(entity: EntityRef): void;
  /** Whether no message is in a queue and no function runs. Parked events don't count. */
  isQuiet(): boolean;
  /** As `isQuiet`, but delayed checks of gaps and of parked events don't count. */
  isQuietButChecks(): boolean;
}

const START_MS = Date.parse('2026-11-23T00:00:00Z');

/** Time between two inventories of a cache: none by schedule, or a time that is short enough for a run. */
const EVERY_MS = [undefined, 15 * 60_000, 60 * 60_000] as const;

export interface AccountOptions {
  readonly seed: number;
  readonly without?: readonly FaultKind[] | undefined;
  readonly wrong?: Wrong | undefined;
  readonly trace?: ((text: string) => void) | undefined;
}

export function createAccount(options: AccountOptions): Account {
  const { seed } = options;
  const world = createWorld(options);
  const { messaging, functions, ledger } = world;
  const draws = random(seed, 'account');
  const sent: Sent[] = [];
  for (const name of ['resync', 'reports']) messaging.createQueue(name, { VisibilityTimeout: '360' });
  const fanOut = createFanOut(world);
  const owner = createOwner(world, fanOut, draws.pick([4, 20, 100]), ({ groupId, body }) => {
    sent.push({ groupId, body });
  });
  startAnswers(world, owner.table, fanOut);
  const deployed: Cache[] = [];
  const schedule = createSchedule(world, startGovernor(world, owner.table, deployed), deployed);
  const caches = CACHES.map((name) =>
    createCache(world, name, draws.pick([4, 8, 1_000]), draws.chance(0.5), draws.pick(EVERY_MS)),
  );
  const queues = [
    ...['resync', 'reports'].map((name) => messaging.queues.require(name)),
    ...caches.flatMap(({ queue, gapQueue, pageQueue, deadLetters }) => [queue, gapQueue, pageQueue, deadLetters]),
  ];
  const isIdle = () => functions.running === 0 && owner.waiting === 0;
  let resyncs = 0;

  return {
    world,
    owner,
    caches,
    deployed,
    schedule,
    sent,
    subscribe(name) {
      const cache = caches.find((one) => one.name === name);
      if (cache === undefined) return;
      fanOut.subscribe(name);
      deployed.push(cache);
      schedule.wake();
    },
    send(cache, { groupId, body }, deduplicationId) {
      if (!cache.types.some((type) => groupId.startsWith(`${type}/`))) return;
      ledger.books[cache.name].expected.add(body);
      cache.queue.send({ groupId, body, deduplicationId });
    },
    askForResync(entity) {
      resyncs += 1;
      if (owner.table.items.has(messageGroupId(entity))) owner.resync(entity, `resync-${resyncs}`);
    },
    isQuietButChecks: () => queues.every((queue) => isEmpty(queue, 'undelayed')) && isIdle(),
    isQuiet: () => queues.every((queue) => isEmpty(queue)) && isIdle(),
  };
}

function createWorld({ seed, without, wrong = {}, trace }: AccountOptions): World {
  const scheduler = createScheduler(START_MS);
  const faults = createFaults(seed, without);
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  const traced = trace && ((text: string) => trace(`${stamp(scheduler.nowMs())} ${text}`));
  return {
    seed,
    scheduler,
    messaging: createMessaging({ now: scheduler.nowMs, newId, region: 'eu-central-1', accountId: '000000000000' }),
    functions: createFunctions(seed, scheduler, faults),
    faults,
    filters: createFilters(seed, scheduler.nowMs, faults),
    ledger: createLedger(scheduler.nowMs, traced, faults.count),
    wrong,
    isMended: false,
    pendingResyncs: new Set<string>(),
  };
}

function isEmpty(queue: Queue, counted: 'all' | 'undelayed' = 'all'): boolean {
  const { visible, inFlight, delayed } = queue.counts();
  return visible + inFlight + (counted === 'all' ? delayed : 0) === 0;
}

function stamp(nowMs: number): string {
  const seconds = (nowMs - START_MS) / 1000;
  return seconds < 86_400 ? `${seconds.toFixed(3)}s` : `${(seconds / 86_400).toFixed(3)}d`;
}
