import { describe, expect, test } from 'vitest';
import type { DirectMessage } from '../../cli/clients/cache-queue.ts';
import type { Ended } from '../../cli/parked/outcomes.ts';
import { type Places, placesNamed } from '../../cli/parked/places.ts';
import { select } from '../../cli/parked/select.ts';
import { sendAgain } from '../../cli/parked/send-again.ts';
import type { FactQueueSession } from '../../cli/session.ts';
import type { SetAside } from '../../core/project/ports.ts';
import type { SetAsideKey } from '../../core/repair/redrive.ts';

const SET_ASIDE_AT_MS = 1_764_000_000_000;

const aside = (order: string, sequenceNumber = '7'): SetAside => ({
  ...{ status: 'parked', reason: 'retries-exhausted', explanation: '', entity: undefined, version: undefined },
  message: {
    ...{ messageId: `m-${order}`, groupId: `orderId/${order}`, sequenceNumber, body: `fact of ${order}` },
    ...{ receiveCount: 1, sentAtMs: 0 },
  },
  setAsideAtMs: SET_ASIDE_AT_MS,
});

/** A queue of facts over arrays. @param onSend throws for a queue that is broken */
function factQueue(name: string, parked: readonly SetAside[], onSend: () => void = () => {}) {
  const sent: DirectMessage[] = [];
  const removed: SetAsideKey[] = [];
  const queueUrl = `https://sqs/${name}.fifo`;
  const deployed = {
    ...{ role: 'fact-queue' as const, name, queueUrl, parkingTable: 'P' },
    ...{ deadLetterQueueUrl: queueUrl, subscriptionDeadLetterQueueUrl: queueUrl },
  };
  const session: FactQueueSession = {
    deployed,
    aside: {
      list: async () => ({ items: parked, cursor: undefined }),
      ofGroup: async (groupId) => parked.filter(({ message }) => message.groupId === groupId),
      remove: async (keys) => void removed.push(...keys),
    },
    send: async (messages) => {
      onSend();
      sent.push(...messages);
    },
  };
  return { session, sent, removed };
}

const keyOf = ({ message: { groupId, sequenceNumber } }: SetAside): SetAsideKey => ({ groupId, sequenceNumber });

describe('facts that are sent again', () => {
  const both = [aside('o1'), aside('o2')];

  test('go into their queue under an id of their own, and are forgotten then', async () => {
    const { session, sent, removed } = factQueue('charges', both);
    const ended: Ended[] = [];
    await sendAgain(session, both.map(keyOf), new AbortController().signal, (more) => ended.push(...more));
    expect(sent).toEqual(
      ['o1', 'o2'].map((order) => ({
        ...{ body: `fact of ${order}`, groupId: `orderId/${order}` },
        deduplicationId: `m-${order}~r${SET_ASIDE_AT_MS}`,
      })),
    );
    expect(removed).toEqual(both.map(keyOf));
    expect(ended.map(({ outcome, stays }) => [outcome, stays])).toEqual(Array(2).fill(['sent again', false]));
  });

  test('stay where the queue does not take them, and say so; others go on', async () => {
    let sends = 0;
    const { session, removed } = factQueue('charges', both, () => {
      sends += 1;
      if (sends === 1) throw new Error('down');
    });
    const ended: Ended[] = [];
    await sendAgain(session, both.map(keyOf), new AbortController().signal, (more) => ended.push(...more));
    expect(ended).toMatchObject([
      { outcome: 'failed', stays: true, detail: 'down' },
      { outcome: 'sent again', stays: false },
    ]);
    expect(removed).toHaveLength(1);
  });

  test('are those before an interruption', async () => {
    const stop = new AbortController();
    const { session, sent } = factQueue('charges', both, () => stop.abort());
    await sendAgain(session, both.map(keyOf), stop.signal, () => {});
    expect(sent.map(({ groupId }) => groupId)).toEqual(['orderId/o1']);
  });
});

describe('a queue of facts', () => {
  const { session: charges } = factQueue('charges', [aside('o1'), { ...aside('o2', '8'), reason: 'malformed' }]);
  const session: Places = { caches: [], owners: [], factQueues: [charges] };

  test('is found by its name, and what is there is chosen by reason, type and id', async () => {
    const chosen = async (options: Parameters<typeof select>[2]) =>
      (await select(session, 'charges', options)).map(({ aside: { message } }) => message.groupId);
    expect(await chosen({})).toEqual(['orderId/o1', 'orderId/o2']);
    expect(await chosen({ reason: 'malformed' })).toEqual(['orderId/o2']);
    expect(await chosen({ entity: 'o1' })).toEqual(['orderId/o1']);
  });

  test('is named among the others where there is none of a name', () => {
    expect(() => placesNamed(session, 'charge')).toThrow(
      'name: there is no cache, no owner and no queue of facts named "charge". Caches: none. Owners: none. Queues of facts: charges.',
    );
  });
});
