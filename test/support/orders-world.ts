import { expect } from 'vitest';
import type { FactQueuePorts } from '../../adapters/facts/queue.ts';
import { sagaBatch } from '../../adapters/saga/batch.ts';
import { serialiseFact } from '../../core/facts/event.ts';
import { factGroupId } from '../../core/facts/fact.ts';
import { newFact } from '../../core/facts/new-fact.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import { replay } from '../../core/repair/replay.ts';
import type { Queue as ModelQueue } from '../../local/fifo/queue.ts';
import { virtualAccount } from '../local/fifo/virtual-account.ts';
import { inVirtualTime, modelSubscription } from './replay-world.ts';
import { billing, contracts, HOUR_SECONDS, inMemorySagaStore, sales, shipping } from './sagas.ts';

const HOUR_MS = HOUR_SECONDS * 1000;
export const DAY_SECONDS = 24 * HOUR_SECONDS;
export const DAY_MS = 24 * HOUR_MS;
const ARCHIVE_DAYS = 40;
/** What `Saga` derives from the archive: 29 days longer. */
const KEEP_SECONDS = (ARCHIVE_DAYS + 29) * DAY_SECONDS;

/** Orders by their number: each tenth is never billed, and each seventh is cancelled two hours after it is placed. */
export const isBilled = (order: number) => order % 10 !== 0;
export const isCancelled = (order: number) => order % 7 === 0;

export function ordersWorld({ keepSeconds = KEEP_SECONDS } = {}) {
  const { messaging, clock, fifoQueue } = virtualAccount();
  const ArchivePolicy = JSON.stringify({ MessageRetentionPeriod: String(ARCHIVE_DAYS) });
  const topics = new Map(
    [sales, billing].map(({ name }) => {
      return [name, messaging.createTopic(`${name}.fifo`, { FifoTopic: 'true', ArchivePolicy })] as const;
    }),
  );
  const { store, instances, effects } = inMemorySagaStore();
  const parked: ParkedEvent[] = [];
  const outcomes: string[] = [];
  const batch: FactQueuePorts = {
    budget: { attempts: 12, ageSeconds: HOUR_SECONDS },
    park: async (event) => void parked.push(event),
    postpone: async () => {},
    report: () => {},
  };
  let queue: ModelQueue | undefined;
  let orders = 0;
  /** What happens later, by the time. */
  const later: { readonly atMs: number; readonly run: () => void }[] = [];

  function publish(type: string, order: number): void {
    const contract = contracts.find((one) => one.type === type);
    if (contract === undefined) throw new Error(`no fact ${type}`);
    const orderId = `order-${order}`;
    const all: Record<string, string> = { orderId, shoppingCartId: `cart-${order}`, paymentId: `payment-${order}` };
    const ids = Object.fromEntries(contract.ids.map((id) => [id, all[id]]));
    const fact = newFact(contract, ids, { key: undefined, nowMs: clock.ms });
    topics.get(contract.owner)?.publish({
      message: serialiseFact(fact, new Date(clock.ms).toISOString()),
      groupId: factGroupId(contract, fact.data),
      deduplicationId: fact.id,
      messageAttributes: { type: { DataType: 'String', StringValue: type } },
    });
  }

  /** An hour passes: an order is placed, and what is due for earlier orders happens. */
  function hour(): void {
    clock.ms += HOUR_MS;
    for (const { run } of later.splice(0).filter((one) => one.atMs <= clock.ms || !later.push(one))) run();
    orders += 1;
    const order = orders;
    publish('OrderPlaced', order);
    if (isCancelled(order)) later.push({ atMs: clock.ms + 2 * HOUR_MS, run: () => publish('OrderCancelled', order) });
    if (isBilled(order)) later.push({ atMs: clock.ms + 5 * HOUR_MS, run: () => publish('OrderBilled', order) });
  }

  /** Lets the saga handle everything in its queue. */
  async function work(): Promise<void> {
    for (let messages = queue?.receive(10) ?? []; messages.length > 0; messages = queue?.receive(10) ?? []) {
      const Records = messages.map((message) => recordOf(message));
      const report = ({ outcome }: { readonly outcome: string }) => void outcomes.push(outcome);
      const handling = { saga: shipping, store, queue: batch, keepSeconds, report, nowMs: () => clock.ms };
      const { batchItemFailures } = await sagaBatch(handling, { Records });
      expect(batchItemFailures).toEqual([]);
      for (const { receiptHandle } of messages) queue?.delete(receiptHandle);
    }
  }

  /** Deploys the saga: its queue and its subscriptions. Returns how a span of time is replayed to it. */
  function deploy() {
    const created = fifoQueue('shipping.fifo', {
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    queue = created;
    const subscriptions = [sales, billing].map(({ name }) => {
      const types = contracts.filter(({ owner }) => owner === name).map(({ type }) => type);
      const attributes = { RawMessageDelivery: 'true', FilterPolicy: JSON.stringify({ type: types }) };
      return messaging.subscribe(topics.get(name)?.arn ?? '', 'sqs', created.arn, attributes);
    });
    return async (fromMs: number, toMs?: number) => {
      const following = inVirtualTime(messaging, hour);
      let last = Promise.resolve();
      const pause = (): Promise<void> => {
        // The replays of two subscriptions share the clock, so their pauses come one after the other.
        last = last.then(following.pause).then(work);
        return last;
      };
      const worked = { ...following, pause };
      const ends = subscriptions.map((one) => replay(modelSubscription(messaging, one), { fromMs, toMs }, worked));
      expect((await Promise.all(ends)).map((one) => one?.delivery)).toEqual(['live', 'live']);
      await work();
    };
  }

  function recordOf(message: ReturnType<ModelQueue['receive']>[number]) {
    const { messageId, receiptHandle, body, receiveCount, sentAtMs, firstReceivedAtMs } = message;
    const attributes = {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAtMs),
      SenderId: 'sns',
      ApproximateFirstReceiveTimestamp: String(firstReceivedAtMs),
      MessageGroupId: message.groupId ?? '',
      SequenceNumber: message.sequenceNumber ?? '',
    };
    const of = { eventSource: 'aws:sqs', eventSourceARN: queue?.arn ?? '', awsRegion: 'eu-central-1', md5OfBody: '' };
    return { messageId, receiptHandle, body, attributes, messageAttributes: {}, ...of };
  }

  const labels = () => effects.filter(({ name }) => name === 'CreateShippingLabel').map(({ key }) => key);
  /** Each order that has all its facts has one decision: a label, or a cancellation before. */
  function expectDecidedOnce(): void {
    expect(new Set(labels()).size).toBe(labels().length);
    for (let order = 1; order <= orders - 6; order += 1) {
      const key = `order-${order}`;
      const status = instances.get(key)?.status;
      const hasLabel = labels().includes(key);
      if (!isBilled(order))
        expect({ key, status }).toEqual({ key, status: isCancelled(order) ? 'cancelled' : 'waiting' });
      else if (hasLabel) expect({ key, status }).toEqual({ key, status: 'decided' });
      else expect({ key, status, is: isCancelled(order) }).toEqual({ key, status: 'cancelled', is: true });
    }
  }
  return {
    messaging,
    clock,
    hour,
    work,
    deploy,
    store,
    instances,
    effects,
    parked,
    outcomes,
    labels,
    expectDecidedOnce,
    orders: () => orders,
  };
}
