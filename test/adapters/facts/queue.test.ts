import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord, SQSRecord } from 'aws-lambda';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createFactQueue, type FactQueuePorts, type FactReport, factBatch } from '../../../adapters/facts/queue.ts';
import { effectBatch, sagaBatch } from '../../../adapters/saga/batch.ts';
import { effectItem } from '../../../adapters/saga/items.ts';
import { serialiseFact } from '../../../core/facts/event.ts';
import type { Fact } from '../../../core/facts/fact.ts';
import { MAX_POSTPONE_SECONDS } from '../../../core/retries.ts';
import { raiseOverdue } from '../../../core/saga/deadlines.ts';
import type { SagaResult } from '../../../core/saga/handle.ts';
import { PUBLISHED_AT } from '../../support/events.ts';
import {
  contracts,
  HOUR_SECONDS,
  happened,
  inMemorySagaStore,
  type StoreFaults,
  shipping,
} from '../../support/sagas.ts';

let received = 0;

/** What is said of a delivery beside its fact. */
interface Delivery {
  readonly body?: string;
  readonly receives?: number;
  readonly sentAtMs?: number;
}

/** A fact as its queue delivers it. */
function record(fact: Fact, { body, receives = 1, sentAtMs = 0 }: Delivery = {}): SQSRecord {
  received += 1;
  return {
    ...{
      messageId: `m${received}`,
      receiptHandle: `handle of m${received}`,
      body: body ?? serialiseFact(fact, PUBLISHED_AT),
      messageAttributes: {},
    },
    ...{ md5OfBody: '', eventSource: 'aws:sqs', eventSourceARN: 'arn', awsRegion: 'us-east-1' },
    attributes: {
      ...{ ApproximateReceiveCount: String(receives), SentTimestamp: String(sentAtMs) },
      ...{ SenderId: '', ApproximateFirstReceiveTimestamp: '0' },
      ...{ MessageGroupId: `orderId/${fact.data.orderId}`, SequenceNumber: String(received) },
    },
  };
}

const BUDGET = { attempts: 3, ageSeconds: 60 };

/** A queue that notes what is done to it. */
function noted(broken: Partial<Pick<FactQueuePorts, 'park' | 'postpone'>> = {}) {
  const reports: FactReport[] = [];
  const hidden: [number, ...string[]][] = [];
  const queue: FactQueuePorts = {
    budget: BUDGET,
    park: async () => {},
    postpone: async (messages, seconds, handles) =>
      void hidden.push([seconds, ...messages.map(({ messageId }) => handles.get(messageId) ?? '')]),
    report: (report) => void reports.push(report),
    ...broken,
  };
  return { queue, reports, hidden };
}

const failures = (...records: (SQSRecord | undefined)[]) => ({
  batchItemFailures: records.map((one) => ({ itemIdentifier: one?.messageId })),
});

describe('a batch of facts', () => {
  const Records = [
    record(happened('OrderPlaced', 'o1')),
    record(happened('OrderPlaced', 'o2')),
    record(happened('OrderBilled', 'o1')),
    record(happened('OrderBilled', 'o2')),
  ];

  test('returns what failed with those behind it about the same thing, and nothing else', async () => {
    const worked: string[] = [];
    const { queue, reports, hidden } = noted();
    const work = async ({ id }: Fact) => {
      if (id === 'OrderPlaced/o1') throw new Error('down');
      worked.push(id);
    };
    expect(await factBatch({ contracts, work, queue }, { Records })).toEqual(failures(Records[0], Records[2]));
    expect(worked).toEqual(['OrderPlaced/o2', 'OrderBilled/o2']);
    const back = [Records[0]?.messageId, Records[2]?.messageId];
    expect(reports).toMatchObject([
      { taken: 2, parked: [], returned: back.map((messageId) => ({ message: { messageId } })) },
    ]);
    expect(hidden).toEqual([[1, ...back.map((id) => `handle of ${id}`)]]);
  });

  test('parks what is no fact of the contracts and goes on behind it; returns it where it cannot be parked', async () => {
    const malformed = record(happened('OrderPlaced', 'o1'), { body: '{' });
    const next = record(happened('OrderPlaced', 'o1'));
    const worked: string[] = [];
    const { queue, reports } = noted();
    const handling = { contracts, work: async ({ id }: Fact) => worked.push(id), nowMs: () => 7 };
    expect(await factBatch({ ...handling, queue }, { Records: [malformed, next] })).toEqual(failures());
    expect(reports).toMatchObject([
      { taken: 1, parked: [{ aside: { reason: 'malformed', setAsideAtMs: 7, message: { body: '{' } } }] },
    ]);
    expect(worked).toEqual(['OrderPlaced/o1']);
    const { queue: broken } = noted({ park: () => Promise.reject(new Error('down')) });
    expect(await factBatch({ ...handling, queue: broken }, { Records: [malformed, next] })).toEqual(
      failures(malformed, next),
    );
  });
});

describe('a fact that its handler fails on', () => {
  const failing = (queue: FactQueuePorts, Records: SQSRecord[], fails: (id: string) => boolean = () => true) => {
    const work = async ({ id }: Fact) => {
      if (fails(id)) throw Object.assign(new TypeError('card 4111 refused'), { name: 'GatewayDown' });
    };
    return factBatch({ contracts, work, queue, nowMs: () => BUDGET.ageSeconds * 1000 }, { Records });
  };
  const placed = (delivery: Delivery) => record(happened('OrderPlaced', 'o1'), delivery);
  const behind = (delivery: Delivery) => record(happened('OrderBilled', 'o1'), delivery);

  test('waits for longer each time, with those behind it', async () => {
    const { queue, hidden } = noted();
    for (const receives of [1, 2, 5, 50]) await failing(queue, [placed({ receives, sentAtMs: 60_000 }), behind({})]);
    expect(hidden.map(([seconds]) => seconds)).toEqual([1, 2, 16, MAX_POSTPONE_SECONDS]);
    expect(hidden.every((one) => one.length === 3)).toBe(true);
  });

  test('goes back all the same where its queue does not hide it', async () => {
    const { queue } = noted({ postpone: () => Promise.reject(new Error('down')) });
    const one = placed({ sentAtMs: 60_000 });
    expect(await failing(queue, [one])).toEqual(failures(one));
  });

  test.each<[string, Delivery]>([
    ['too few attempts', { receives: 2 }],
    ['too young', { receives: 3, sentAtMs: 1 }],
  ])('is not parked with %s', async (_, delivery) => {
    const { queue, reports } = noted();
    const one = placed(delivery);
    expect(await failing(queue, [one])).toEqual(failures(one));
    expect(reports).toMatchObject([{ parked: [] }]);
  });

  test('is parked once attempts and age are used up, with the name of the error and nothing else of it; those behind it go on', async () => {
    const { queue, reports, hidden } = noted();
    const head = placed({ receives: 3 });
    const Records = [head, behind({ receives: 3 })];
    expect(await failing(queue, Records, (id) => id === 'OrderPlaced/o1')).toEqual(failures());
    const [{ taken, parked } = { taken: 0, parked: [] }] = reports;
    expect([taken, hidden]).toEqual([1, []]);
    expect(parked.map(({ aside }) => aside)).toMatchObject([
      {
        ...{ status: 'parked', reason: 'retries-exhausted', message: { messageId: head.messageId, body: head.body } },
        entity: { type: 'OrderPlaced', id: 'o1' },
        explanation: 'failed 3 times; at last: GatewayDown',
      },
    ]);
    expect(JSON.stringify(parked)).not.toContain('4111');
  });

  test('behind one that was just parked gets a try of its own before it is parked too', async () => {
    const { queue, reports } = noted();
    const next = behind({ receives: 3 });
    expect(await failing(queue, [placed({ receives: 3 }), next])).toEqual(failures(next));
    expect(await failing(queue, [{ ...next }])).toEqual(failures());
    expect(reports.map(({ parked }) => parked.length)).toEqual([1, 1]);
  });

  test('goes back where it cannot be parked', async () => {
    const { queue } = noted({ park: () => Promise.reject(new Error('down')) });
    const one = placed({ receives: 3 });
    expect(await failing(queue, [one])).toEqual(failures(one));
  });
});

test('the queue of a handler is none without what its construct says', () => {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  expect(() => createFactQueue({ client, settings: '{"name":"payment"}' })).toThrow(/queueUrl/);
  client.destroy();
});

describe("a saga's function", () => {
  const world = (faults: StoreFaults = {}) => {
    const { store, effects } = inMemorySagaStore(faults);
    const done: SagaResult[] = [];
    const { queue, reports } = noted();
    const report = (result: SagaResult) => void done.push(result);
    const handling = { saga: shipping, store, queue, report, keepSeconds: 100, nowMs: () => 0 };
    return { store, effects, done, reports, handling };
  };

  test('takes its facts in and tells what became of each', async () => {
    const { handling, effects, done, reports } = world();
    const facts = ['OrderPlaced', 'OrderBilled', 'OrderBilled'].map((type) => record(happened(type, 'o1')));
    const stranger = record({ ...happened('OrderPlaced', 'o1'), owner: 'billing' });
    expect(await sagaBatch(handling, { Records: [...facts, stranger] })).toEqual(failures());
    expect(done.map(({ outcome }) => outcome)).toEqual(['waiting', 'decided', 'duplicate']);
    expect(reports).toMatchObject([{ taken: 3, parked: [{ aside: { reason: 'wrong-owner' } }] }]);
    expect(effects.map(({ name }) => name)).toEqual(['CreateShippingLabel']);
  });

  test('returns a fact that its store failed on', async () => {
    const { handling, reports } = world({ fail: (at) => at === 'before' });
    const Records = [record(happened('OrderPlaced', 'o1'))];
    expect(await sagaBatch(handling, { Records })).toEqual(failures(...Records));
    expect(reports).toMatchObject([{ taken: 0, returned: [{ error: { message: 'broken: before' } }] }]);
  });

  const LATE_MS = 48 * HOUR_SECONDS * 1000;

  test('raises each alert that is due, however many there are, and once', async () => {
    const { handling, store, effects } = world();
    const Records = Array.from({ length: 120 }, (_, n) => record(happened('OrderPlaced', `o${n}`)));
    await sagaBatch(handling, { Records });
    expect((await raiseOverdue(shipping, store, LATE_MS)).raised).toHaveLength(120);
    expect((await raiseOverdue(shipping, store, LATE_MS)).raised).toEqual([]);
    expect(effects.filter(({ name }) => name === 'Overdue')).toHaveLength(120);
  });

  test('raises alerts though others fail, however many of them are older', async () => {
    let isMended = false;
    const failing = new Set(Array.from({ length: 60 }, (_, n) => `o${n}`));
    const { handling, store, effects } = world();
    const Records = Array.from({ length: 70 }, (_, n) => record(happened('OrderPlaced', `o${n}`)));
    await sagaBatch(handling, { Records });
    const read: typeof store.read = async (key) => {
      if (failing.has(key) && !isMended) throw new Error('unreadable');
      return store.read(key);
    };
    const first = await raiseOverdue(shipping, { ...store, read }, LATE_MS);
    expect([first.raised.length, first.failures.length]).toEqual([10, 60]);
    isMended = true;
    expect((await raiseOverdue(shipping, { ...store, read }, LATE_MS)).raised).toHaveLength(60);
    expect(effects.filter(({ name }) => name === 'Overdue')).toHaveLength(70);
  });

  test('says which alerts it could not raise, and raises them the next time', async () => {
    let failing = 0;
    const { handling, store, effects } = world({ fail: (at) => at === 'before' && failing-- > 0 });
    await sagaBatch(handling, { Records: ['o1', 'o2'].map((id) => record(happened('OrderPlaced', id))) });
    failing = 1;
    const first = await raiseOverdue(shipping, store, LATE_MS);
    expect([first.raised.length, first.failures.length]).toEqual([1, 1]);
    expect((await raiseOverdue(shipping, store, LATE_MS)).failures).toEqual([]);
    expect(effects.map(({ name }) => name)).toEqual(['Overdue', 'Overdue']);
  });
});

describe('effects', () => {
  const logged: string[] = [];
  afterEach(() => vi.restoreAllMocks());

  /** A record of a saga's stream that tells of an effect. */
  const recorded = (name: string, key: string): DynamoDBRecord => {
    const NewImage = effectItem('shipping', key, { name, data: {} }, PUBLISHED_AT) as DynamoDBRecord['dynamodb'];
    return { eventName: 'INSERT', dynamodb: { NewImage, SequenceNumber: `${name}-${key}` } } as DynamoDBRecord;
  };
  const listen = () => {
    logged.length = 0;
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((line) => logged.push(String(line)) > 0);
    }
  };

  test('that fail are logged by the name of their error, and the first one restarts the batch', async () => {
    listen();
    const CreateShippingLabel = async ({ key }: { key: string }) => {
      if (key !== 'o1') throw new TypeError('4111');
    };
    const Records = ['o1', 'o2', 'o3'].map((key) => recorded('CreateShippingLabel', key));
    expect(await effectBatch({ CreateShippingLabel }, { Records })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'CreateShippingLabel-o2' }],
    });
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { message: 'effect failed', effect: 'CreateShippingLabel', key: 'o2', cause: 'TypeError' },
      { message: 'effect failed', key: 'o3' },
    ]);
    expect(logged.join()).not.toContain('4111');
  });

  test('that nobody carries out are logged, unless they are left to others or only an alert', async () => {
    listen();
    const Records = ['CreateShippingLabel', 'SendMail', 'Overdue'].map((name) => recorded(name, 'o1'));
    const left = { leftToOthers: ['SendMail'] };
    expect(await effectBatch({}, { Records }, left)).toEqual({ batchItemFailures: [] });
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { message: 'nobody carries it out', effect: 'CreateShippingLabel' },
    ]);
  });
});
