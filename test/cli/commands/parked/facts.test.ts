import { describe, expect, test } from 'vitest';
import type { DirectMessage } from '../../../../cli/clients/queue.ts';
import { discardQuestion } from '../../../../cli/commands/parked/discard.ts';
import { renderRows } from '../../../../cli/commands/parked/list.ts';
import type { Ended } from '../../../../cli/commands/parked/outcomes.ts';
import { type ParkingPlaces, placesNamed } from '../../../../cli/commands/parked/parking-places.ts';
import { select } from '../../../../cli/commands/parked/select.ts';
import { sendAgain } from '../../../../cli/commands/parked/send-again.ts';
import type { FactQueue, FoundCache } from '../../../../cli/deployment/deployment.ts';
import { findCache } from '../../../../cli/deployment/names.ts';
import type { ParkedEvent } from '../../../../core/project/ports.ts';
import { type ParkedKey, parkedKey } from '../../../../core/repair/parked-key.ts';

const PARKED_AT_MS = 1_764_000_000_000;

const event = (order: string, sequenceNumber = '7'): ParkedEvent => ({
  status: 'parked',
  reason: 'retries-exhausted',
  explanation: '',
  entity: undefined,
  version: undefined,
  message: {
    messageId: `m-${order}`,
    groupId: `orderId/${order}`,
    sequenceNumber,
    body: `fact of ${order}`,
    receiveCount: 1,
    sentAtMs: 0,
    firstReceivedAtMs: 0,
  },
  parkedAtMs: PARKED_AT_MS,
});

/** A queue of facts in memory. @param onSend throws to make the queue fail */
function factQueue(name: string, parked: readonly ParkedEvent[], onSend: () => void = () => {}) {
  const sent: DirectMessage[] = [];
  const removed: ParkedKey[] = [];
  const queueUrl = `https://sqs/${name}.fifo`;
  const queue: FactQueue = {
    name,
    deployed: {
      role: 'fact-queue',
      name,
      queueUrl,
      parkingTable: 'P',
      deadLetterQueueUrl: queueUrl,
      subscriptionDeadLetterQueueUrl: queueUrl,
    },
    parked: {
      list: async () => ({ items: parked, cursor: undefined }),
      ofGroup: async (groupId) => parked.filter(({ message }) => message.groupId === groupId),
      find: async () => undefined,
      remove: async (keys) => void removed.push(...keys),
    },
    send: async (messages) => {
      onSend();
      sent.push(...messages);
    },
  };
  return { queue, sent, removed };
}

const keyOf = ({ message }: ParkedEvent) => parkedKey(message);

describe('sending parked facts again', () => {
  const both = [event('o1'), event('o2')];

  test('a parked fact is sent into its queue under a new deduplication id and then removed', async () => {
    const { queue, sent, removed } = factQueue('charges', both);
    const ended: Ended[] = [];
    await sendAgain(queue, both.map(keyOf), new AbortController().signal, (more) => ended.push(...more));
    expect(sent).toEqual(
      ['o1', 'o2'].map((order) => ({
        body: `fact of ${order}`,
        groupId: `orderId/${order}`,
        deduplicationId: `m-${order}~r${PARKED_AT_MS}`,
      })),
    );
    expect(removed).toEqual(both.map(keyOf));
    expect(ended.map(({ outcome, stays }) => [outcome, stays])).toEqual(Array(2).fill(['sent again', false]));
  });

  test('a fact that its queue does not accept stays parked, and the other facts are sent', async () => {
    let sends = 0;
    const { queue, removed } = factQueue('charges', both, () => {
      sends += 1;
      if (sends === 1) throw new Error('down');
    });
    const ended: Ended[] = [];
    await sendAgain(queue, both.map(keyOf), new AbortController().signal, (more) => ended.push(...more));
    expect(ended).toMatchObject([
      { outcome: 'failed', stays: true, detail: 'down' },
      { outcome: 'sent again', stays: false },
    ]);
    expect(removed).toHaveLength(1);
  });

  test('an interruption stops sending after the fact that is being sent', async () => {
    const stop = new AbortController();
    const { queue, sent } = factQueue('charges', both, () => stop.abort());
    await sendAgain(queue, both.map(keyOf), stop.signal, () => {});
    expect(sent.map(({ groupId }) => groupId)).toEqual(['orderId/o1']);
  });
});

describe('selecting parked facts', () => {
  const { queue } = factQueue('charges', [event('o1'), { ...event('o2', '8'), reason: 'malformed' }]);
  const places: ParkingPlaces = { caches: [], owners: [], factQueues: [queue] };

  test('parked facts are selected by the name of their queue, by reason and by id', async () => {
    const selected = async (options: Parameters<typeof select>[2]) =>
      (await select(places, 'charges', options)).map((one) => one.event.message.groupId);
    expect(await selected({})).toEqual(['orderId/o1', 'orderId/o2']);
    expect(await selected({ reason: 'malformed' })).toEqual(['orderId/o2']);
    expect(await selected({ entity: 'o1' })).toEqual(['orderId/o1']);
  });

  test('an unknown name is refused with the names of all caches, owners and queues of facts', () => {
    expect(() => placesNamed(places, 'charge')).toThrow(
      'name: there is no cache, owner or queue of facts named "charge". Caches: none. Owners: none. Queues of facts: charges.',
    );
  });
});

describe('names that several parking places have', () => {
  const { queue } = factQueue('ordering', [event('o1')]);
  const cacheIn = (stack: string): FoundCache => {
    const deployed = { role: 'cache', boundary: 'ordering', stack } as FoundCache['deployed'];
    return { name: 'ordering', deployed, parked: queue.parked } as FoundCache;
  };
  const ofTest = cacheIn('Test-Ordering');

  test('a cache in two stacks is refused with the stacks, so that no command chooses between stages', () => {
    const both: ParkingPlaces = { caches: [ofTest, cacheIn('Prod-Ordering')], owners: [], factQueues: [] };
    expect(() => placesNamed(both, 'ordering')).toThrow(
      '2 caches are named "ordering": stack Test-Ordering, stack Prod-Ordering. Pass the stack of only one of them ' +
        'with --stack.',
    );
    expect(() => findCache(both.caches, 'ordering')).toThrow('2 caches are named "ordering"');
    const queues: ParkingPlaces = { caches: [], owners: [], factQueues: [queue, { ...queue }] };
    expect(() => placesNamed(queues, 'ordering')).toThrow(
      '2 queues of facts are named "ordering": queue ordering.fifo',
    );
  });

  test('a question and a table say the role of each event if a cache and a queue of facts share their name', async () => {
    const selected = await select({ caches: [ofTest], owners: [], factQueues: [queue] }, 'ordering', {});
    expect(discardQuestion('ordering', selected)).toBe(
      'Discard 1 event of the cache ordering and 1 event of the queue of facts ordering for good?',
    );
    const rows = selected.map((one) => ({ ...one, cachedVersion: undefined }));
    expect(renderRows(rows, true)).toMatch(/of the +│ key[\s\S]*│ cache +│[\s\S]*│ queue of facts │/);
    expect(renderRows(rows.slice(0, 1), false)).not.toContain('of the');
  });
});
