import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import { createMessaging } from '../../local/fifo/messaging.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { type Cache, createCache } from './cache.ts';
import { CACHES, type CacheName } from './contracts.ts';
import { createFaults, type FaultKind } from './faults.ts';
import { createFilters } from './filter.ts';
import { createFunctions } from './invocations.ts';
import { createLedger } from './ledger.ts';
import { random } from './random.ts';
import { createOwner, type Owner } from './relay.ts';
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
  /** The events that the topic accepted, in order. */
  readonly sent: readonly Sent[];
  subscribe(cache: CacheName): void;
  /** Sends an event to the queue of one cache only, if the cache keeps the event's type. */
  send(cache: Cache, message: Sent, deduplicationId: string): { readonly isDuplicate: boolean };
  /** Asks the owner to publish an entity again. */
  askForResync(entity: EntityRef): void;
  /** Whether no message is in a queue and no function runs. Parked events don't count. */
  isQuiet(): boolean;
  /** As `isQuiet`, but delayed checks of gaps and of parked events don't count. */
  isQuietButChecks(): boolean;
}

const START_MS = Date.parse('2026-11-23T00:00:00Z');

export interface AccountOptions {
  readonly seed: number;
  readonly without?: readonly FaultKind[] | undefined;
  readonly wrong?: Wrong | undefined;
  readonly trace?: ((text: string) => void) | undefined;
}

export function createAccount({ seed, without, wrong = {}, trace }: AccountOptions): Account {
  const scheduler = createScheduler(START_MS);
  const faults = createFaults(seed, without);
  const draws = random(seed, 'account');
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  const messaging = createMessaging({ now: scheduler.nowMs, newId, region: 'eu-central-1', accountId: '000000000000' });
  const traced = trace && ((text: string) => trace(`${stamp(scheduler.nowMs())} ${text}`));
  const ledger = createLedger(scheduler.nowMs, traced);
  const functions = createFunctions(seed, scheduler, faults);
  const world: World = {
    seed,
    scheduler,
    messaging,
    functions,
    faults,
    filters: createFilters(seed, scheduler.nowMs, faults),
    ledger,
    wrong,
    isMended: false,
    pendingResyncs: new Set<string>(),
  };
  const subscribed = new Set<CacheName>();
  const sent: Sent[] = [];
  const owner = createOwner(world, draws.pick([4, 20, 100]), ({ groupId, body }, receivers) => {
    sent.push({ groupId, body });
    for (const cache of receivers) if (subscribed.has(cache)) ledger.books[cache].expected.add(body);
  });
  const caches = CACHES.map((name) => createCache(world, name, draws.pick([4, 8, 1_000]), draws.chance(0.5)));
  const topic = messaging.topics.require('changes.fifo');
  const resyncQueue = messaging.queues.require('resync');
  const queues = [resyncQueue, ...caches.flatMap(({ queue, gapQueue, deadLetters }) => [queue, gapQueue, deadLetters])];

  return {
    world,
    owner,
    caches,
    sent,
    subscribe(name) {
      const attributes = { RawMessageDelivery: 'true', FilterPolicy: JSON.stringify({ receivers: [name] }) };
      messaging.subscribe(topic.arn, 'sqs', messaging.queues.require(`${name}.fifo`).arn, attributes);
      subscribed.add(name);
    },
    send(cache, { groupId, body }, deduplicationId) {
      if (!cache.types.some((type) => groupId.startsWith(`${type}/`))) return { isDuplicate: false };
      ledger.books[cache.name].expected.add(body);
      return cache.queue.send({ groupId, body, deduplicationId });
    },
    askForResync(entity) {
      world.pendingResyncs.add(messageGroupId(entity));
      resyncQueue.send({ body: JSON.stringify({ entity }) });
    },
    isQuietButChecks: () =>
      queues.every((queue) => isEmpty(queue, 'undelayed')) && functions.running === 0 && owner.waiting === 0,
    isQuiet: () => queues.every((queue) => isEmpty(queue)) && functions.running === 0 && owner.waiting === 0,
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
