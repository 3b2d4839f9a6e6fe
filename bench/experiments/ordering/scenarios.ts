import { setTimeout as pause } from 'node:timers/promises';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import type { Account, QueueLimits, TestQueue } from './account.ts';
import { type Apply, withGuard, withoutGuard } from './appliers.ts';
import { drawn, eventsOf, type Outgoing, productId } from './events.ts';

/** A way in which consumers process the events of products. */
export interface Scenario {
  readonly key: 'one' | 'competing' | 'groups' | 'guarded';
  readonly name: string;
  readonly isFifo: boolean;
  readonly isGuarded: boolean;
  readonly consumers: number;
}

const MANY_CONSUMERS = 8;

export const SCENARIOS: readonly Scenario[] = [
  { key: 'one', name: 'one consumer, standard queue', isFifo: false, isGuarded: false, consumers: 1 },
  {
    key: 'competing',
    name: 'competing consumers, standard queue',
    isFifo: false,
    isGuarded: false,
    consumers: MANY_CONSUMERS,
  },
  { key: 'groups', name: 'message groups', isFifo: true, isGuarded: false, consumers: MANY_CONSUMERS },
  {
    key: 'guarded',
    name: 'message groups and version guard',
    isFifo: true,
    isGuarded: true,
    consumers: MANY_CONSUMERS,
  },
];

/** The size and the randomness of a run. */
export interface Load {
  readonly products: number;
  readonly seed: number;
  /** Share of the products, 0 to 1, whose creation is applied by a consumer that dies before it deletes the message. */
  readonly crashes: number;
  readonly queue: QueueLimits;
  /** Processing time before a write. Most events are quick; `slowShare`, 0 to 1, is the share of slow ones. */
  readonly work: { readonly quickMs: number; readonly slowMs: number; readonly slowShare: number };
}

export const LOAD: Load = {
  products: 200,
  seed: 20261123,
  crashes: 0.05,
  queue: { visibilitySeconds: 1, maxReceiveCount: 2 },
  work: { quickMs: 2, slowMs: 60, slowShare: 0.2 },
};

/** The results of a scenario. */
export interface Measured {
  readonly scenario: string;
  readonly consumers: number;
  readonly events: number;
  /** Deliveries, repeated ones included. */
  readonly deliveries: number;
  /** Deliveries that were processed after a newer event of the same product. */
  readonly outOfOrder: number;
  /** Updates that were processed before their product existed. */
  readonly failures: number;
  /** Writes that replaced a version by an older one, counted in the table's stream. */
  readonly regressions: number;
  /** Products whose last version isn't the newest one. */
  readonly leftWrong: number;
  /** The rate over the products without a crash. */
  readonly eventsPerSecond: number;
}

const POLL_MS = 20;

/** The deliveries that consumers processed. */
interface History {
  readonly processed: { readonly id: string; readonly version: number; readonly failed: boolean }[];
  /** When the last message of a product without a crash was deleted. */
  lastMs: number;
}

/** Runs one scenario: consumers empty the queue, the dead-letter queue is redriven, and they empty the queue again. */
export async function runScenario(
  account: Account,
  scenario: Scenario,
  load: Load,
  limit: AbortSignal,
): Promise<Measured> {
  const events = eventsOf(load.products, load.seed);
  const { key, isFifo, isGuarded } = scenario;
  const target = { client: account.dynamodb, tableName: `ordering-${key}` };
  await account.createTable(target.tableName);
  const queue = await account.createQueue(`ordering-${key}`, isFifo, load.queue);
  await queue.send(events.map((event) => ({ body: isGuarded ? event.versioned : event.plain, group: event.group })));

  const crashing = crashingProducts(load);
  const history: History = { processed: [], lastMs: 0 };
  const apply = isGuarded ? withGuard(target) : withoutGuard(target);
  const byBody = new Map(events.map((event) => [isGuarded ? event.versioned : event.plain, event]));
  const begin = performance.now();
  const dies = (event: Outgoing) => crashing.has(event.id) && event.version === 1;
  await consumeAll({ queue, apply, byBody, load, history, crashing }, scenario.consumers, dies, limit);
  const { dead } = await queue.counts();
  if (dead < crashing.size)
    throw new Error(`${dead} messages are in the dead-letter queue, but ${crashing.size} consumers died`);
  await queue.redrive();
  await consumeAll({ queue, apply, byBody, load, history, crashing }, scenario.consumers, () => false, limit);

  const changes = await account.changes(target.tableName);
  return {
    scenario: scenario.name,
    consumers: scenario.consumers,
    events: events.length,
    deliveries: history.processed.length,
    outOfOrder: countOutOfOrder(history),
    failures: history.processed.filter(({ failed }) => failed).length,
    regressions: changes.filter(({ before = 0, after = 0 }) => after < before).length,
    leftWrong: await countWrong(account, target.tableName, load.products),
    eventsPerSecond: (2 * (load.products - crashing.size)) / ((history.lastMs - begin) / 1000),
  };
}

/** The products whose creation is processed by a consumer that dies, drawn by the load's seed. */
function crashingProducts({ products, seed, crashes }: Load): Set<string> {
  const draw = new Map(
    Array.from({ length: products }, (_, number) => [productId(number), drawn(seed, 'crash', number)]),
  );
  const drawnFirst = [...draw].sort(([, a], [, b]) => a - b).map(([id]) => id);
  return new Set(drawnFirst.slice(0, Math.round(products * crashes)));
}

interface Consumption {
  readonly queue: TestQueue;
  readonly apply: Apply;
  readonly byBody: ReadonlyMap<string, Outgoing>;
  readonly load: Load;
  readonly history: History;
  readonly crashing: ReadonlySet<string>;
}

/** Runs consumers until the queue is empty. */
async function consumeAll(
  consumption: Consumption,
  consumers: number,
  dies: (event: Outgoing) => boolean,
  limit: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const until = AbortSignal.any([done.signal, limit]);
  const running = Promise.all(
    Array.from({ length: consumers }, async () => {
      while (!until.aborted) await consumeNext(consumption, dies, until);
    }),
  );
  const watching = (async () => {
    while (!until.aborted && (await consumption.queue.counts()).waiting > 0) await pause(POLL_MS);
    done.abort();
  })();
  await Promise.all([running, watching]).finally(() => done.abort());
  if (limit.aborted)
    throw new Error('stopped: the scenario did not finish in time; the machine may be too busy', {
      cause: limit.reason,
    });
}

async function consumeNext(
  { queue, apply, byBody, load, history, crashing }: Consumption,
  dies: (event: Outgoing) => boolean,
  until: AbortSignal,
): Promise<void> {
  const message = await queue.receive(until).catch((error: unknown) => {
    if (until.aborted) return undefined;
    throw error;
  });
  const event = byBody.get(message?.Body ?? '');
  if (message === undefined || event === undefined) return;
  const receiveCount = Number(message.Attributes?.ApproximateReceiveCount);
  await pause(workMs(load, event, receiveCount));
  const received: ReceivedMessage = {
    messageId: message.MessageId ?? '',
    groupId: event.group,
    sequenceNumber: message.Attributes?.SequenceNumber ?? '',
    sentAtMs: Date.now(),
    firstReceivedAtMs: Date.now(),
    body: message.Body ?? '',
    // Crashes are simulated, so no side may isolate a message that was received often.
    receiveCount: 1,
  };
  const applied = await apply(received);
  history.processed.push({ id: event.id, version: event.version, failed: !applied });
  // A message that isn't deleted is delivered again when its visibility ends.
  if (!applied || dies(event)) return;
  await queue.delete(message);
  if (!crashing.has(event.id)) history.lastMs = performance.now();
}

function workMs({ seed, work }: Load, { id, version }: Outgoing, receiveCount: number): number {
  return drawn(seed, 'work', id, version, receiveCount) < work.slowShare ? work.slowMs : work.quickMs;
}

function countOutOfOrder({ processed }: History): number {
  const newest = new Map<string, number>();
  let count = 0;
  for (const { id, version } of processed) {
    const before = newest.get(id) ?? 0;
    if (version < before) count += 1;
    newest.set(id, Math.max(before, version));
  }
  return count;
}

async function countWrong(account: Account, tableName: string, products: number): Promise<number> {
  const versions = await account.versions(tableName);
  return products - versions.filter((version) => version === 2).length;
}
