import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord, SQSRecord } from 'aws-lambda';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createFactQueue, type FactQueuePorts, factBatch } from '../../../adapters/facts/queue.ts';
import type { FactReport } from '../../../adapters/facts/report.ts';
import { effectBatch, sagaBatch } from '../../../adapters/saga/batch.ts';
import { effectItem, readEffect, type SagaEffect } from '../../../adapters/saga/items.ts';
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

/** The properties of a delivery, other than its fact. */
interface Delivery {
  readonly body?: string;
  readonly receives?: number;
  readonly firstReceivedAtMs?: number;
}

/** A record of the queue with a fact. */
function record(fact: Fact, { body, receives = 1, firstReceivedAtMs = 0 }: Delivery = {}): SQSRecord {
  received += 1;
  return {
    messageId: `m${received}`,
    receiptHandle: `handle of m${received}`,
    body: body ?? serialiseFact(fact, PUBLISHED_AT),
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn',
    awsRegion: 'us-east-1',
    attributes: {
      ApproximateReceiveCount: String(receives),
      // The fact waited behind a backlog for longer than its budget.
      SentTimestamp: String(firstReceivedAtMs - 2 * BUDGET.ageSeconds * 1000),
      SenderId: '',
      ApproximateFirstReceiveTimestamp: String(firstReceivedAtMs),
      MessageGroupId: `orderId/${fact.data.orderId}`,
      SequenceNumber: String(received),
    },
  };
}

const BUDGET = { attempts: 3, ageSeconds: 60 };

/** A queue that records its calls. */
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

  test('a fact that fails is returned with the facts behind it in its group, and no others', async () => {
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

  test('a message that is no fact is parked and its group goes on, or is returned if parking fails', async () => {
    const malformed = record(happened('OrderPlaced', 'o1'), { body: '{' });
    const next = record(happened('OrderPlaced', 'o1'));
    const worked: string[] = [];
    const { queue, reports } = noted();
    const handling = { contracts, work: async ({ id }: Fact) => worked.push(id), nowMs: () => 7 };
    expect(await factBatch({ ...handling, queue }, { Records: [malformed, next] })).toEqual(failures());
    expect(reports).toMatchObject([
      { taken: 1, parked: [{ event: { reason: 'malformed', parkedAtMs: 7, message: { body: '{' } } }] },
    ]);
    expect(worked).toEqual(['OrderPlaced/o1']);
    const { queue: broken } = noted({ park: () => Promise.reject(new Error('down')) });
    expect(await factBatch({ ...handling, queue: broken }, { Records: [malformed, next] })).toEqual(
      failures(malformed, next),
    );
  });
});

describe('a fact whose handler fails', () => {
  const failing = (queue: FactQueuePorts, Records: SQSRecord[], fails: (id: string) => boolean = () => true) => {
    const work = async ({ id }: Fact) => {
      if (fails(id)) throw Object.assign(new TypeError('card 4111 refused'), { name: 'GatewayDown' });
    };
    return factBatch({ contracts, work, queue, nowMs: () => BUDGET.ageSeconds * 1000 }, { Records });
  };
  const placed = (delivery: Delivery) => record(happened('OrderPlaced', 'o1'), delivery);
  const behind = (delivery: Delivery) => record(happened('OrderBilled', 'o1'), delivery);

  test('a failing fact is hidden for longer each time, with the facts behind it', async () => {
    const { queue, hidden } = noted();
    for (const receives of [1, 2, 5, 50])
      await failing(queue, [placed({ receives, firstReceivedAtMs: 60_000 }), behind({})]);
    expect(hidden.map(([seconds]) => seconds)).toEqual([1, 2, 16, MAX_POSTPONE_SECONDS]);
    expect(hidden.every((one) => one.length === 3)).toBe(true);
  });

  test('a failing fact that its queue cannot hide is returned all the same', async () => {
    const { queue } = noted({ postpone: () => Promise.reject(new Error('down')) });
    const one = placed({ firstReceivedAtMs: 60_000 });
    expect(await failing(queue, [one])).toEqual(failures(one));
  });

  test.each<[string, Delivery]>([
    ['attempts left', { receives: 2 }],
    ['time left', { receives: 3, firstReceivedAtMs: 1 }],
  ])('a failing fact with %s is not parked', async (_, delivery) => {
    const { queue, reports } = noted();
    const one = placed(delivery);
    expect(await failing(queue, [one])).toEqual(failures(one));
    expect(reports).toMatchObject([{ parked: [] }]);
  });

  test('a fact on which AWS throttles is never parked, whatever its attempts and its age', async () => {
    const { queue, reports } = noted();
    const one = placed({ receives: 900 });
    const work = () =>
      Promise.reject(Object.assign(new Error('slow down'), { name: 'ThrottlingException', $metadata: {} }));
    const answer = await factBatch({ contracts, work, queue, nowMs: () => 9e12 }, { Records: [one] });
    expect(answer).toEqual(failures(one));
    expect(reports).toMatchObject([{ parked: [] }]);
  });

  test('a fact that used up its budget is parked with the name of the error only, and its group goes on', async () => {
    const { queue, reports, hidden } = noted();
    const head = placed({ receives: 3 });
    const Records = [head, behind({ receives: 3 })];
    expect(await failing(queue, Records, (id) => id === 'OrderPlaced/o1')).toEqual(failures());
    const [{ taken, parked } = { taken: 0, parked: [] }] = reports;
    expect([taken, hidden]).toEqual([1, []]);
    expect(parked.map(({ event }) => event)).toMatchObject([
      {
        status: 'parked',
        reason: 'retries-exhausted',
        message: { messageId: head.messageId, body: head.body },
        entity: { type: 'OrderPlaced', id: 'o1' },
        explanation: 'failed 3 times; last error: GatewayDown',
      },
    ]);
    expect(JSON.stringify(parked)).not.toContain('4111');
  });

  test('a fact behind one that was just parked is tried again in a later batch before it is parked too', async () => {
    const { queue, reports } = noted();
    const next = behind({ receives: 3 });
    expect(await failing(queue, [placed({ receives: 3 }), next])).toEqual(failures(next));
    expect(await failing(queue, [{ ...next }])).toEqual(failures());
    expect(reports.map(({ parked }) => parked.length)).toEqual([1, 1]);
  });

  test('a fact that used up its budget and cannot be parked is returned', async () => {
    const { queue } = noted({ park: () => Promise.reject(new Error('down')) });
    const one = placed({ receives: 3 });
    expect(await failing(queue, [one])).toEqual(failures(one));
  });
});

test('a queue of facts is refused without the complete settings of its construct', () => {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  expect(() => createFactQueue({ client, settings: '{"name":"payment"}' })).toThrow(/queueUrl/);
  client.destroy();
});

describe("a saga's function", () => {
  const world = (faults: StoreFaults = {}) => {
    const { store, effects, instances } = inMemorySagaStore(faults);
    const done: SagaResult[] = [];
    const { queue, reports } = noted();
    const report = (result: SagaResult) => void done.push(result);
    const handling = { saga: shipping, store, queue, report, keepSeconds: 100, nowMs: () => 0 };
    return { store, effects, instances, done, reports, handling };
  };

  test("a saga's function handles its facts and reports each result", async () => {
    const { handling, effects, done, reports } = world();
    const facts = ['OrderPlaced', 'OrderBilled', 'OrderBilled'].map((type) => record(happened(type, 'o1')));
    const stranger = record({ ...happened('OrderPlaced', 'o1'), owner: 'billing' });
    expect(await sagaBatch(handling, { Records: [...facts, stranger] })).toEqual(failures());
    expect(done.map(({ outcome }) => outcome)).toEqual(['waiting', 'decided', 'duplicate']);
    expect(reports).toMatchObject([{ taken: 3, parked: [{ event: { reason: 'wrong-owner' } }] }]);
    expect(effects.map(({ name }) => name)).toEqual(['CreateShippingLabel']);
  });

  test("a fact is parked as too old when the saga may have forgotten the fact's instance", async () => {
    const { handling, reports, instances } = world();
    const keptMs = handling.keepSeconds * 1000;
    const nowMs = () => Date.parse(PUBLISHED_AT) + keptMs;
    const Records = [record(happened('OrderPlaced', 'o1'))];
    expect(await sagaBatch({ ...handling, nowMs }, { Records })).toEqual(failures());
    expect(reports).toMatchObject([
      { taken: 0, parked: [{ event: { reason: 'too-old', entity: { type: 'OrderPlaced', id: 'o1' } } }] },
    ]);
    expect(instances.size).toBe(0);
  });

  test('a fact whose decision is no list of effects is parked at once with the name of the saga', async () => {
    const { handling, reports } = world();
    const saga = { ...shipping, decide: () => Promise.resolve([]) as unknown as [] };
    const facts = ['OrderPlaced', 'OrderBilled'].map((type) => record(happened(type, 'o1')));
    expect(await sagaBatch({ ...handling, saga }, { Records: facts })).toEqual(failures());
    expect(reports).toMatchObject([
      {
        taken: 1,
        parked: [
          { event: { reason: 'invalid', explanation: expect.stringContaining('saga shipping returned a promise') } },
        ],
      },
    ]);
  });

  test("a saga's function returns a fact when its store fails", async () => {
    const { handling, reports } = world({ fail: (at) => at === 'before' });
    const Records = [record(happened('OrderPlaced', 'o1'))];
    expect(await sagaBatch(handling, { Records })).toEqual(failures(...Records));
    expect(reports).toMatchObject([{ taken: 0, returned: [{ error: { message: 'broken: before' } }] }]);
  });

  const LATE_MS = 48 * HOUR_SECONDS * 1000;

  test('each due alert is raised once, however many there are', async () => {
    const { handling, store, effects } = world();
    const Records = Array.from({ length: 120 }, (_, n) => record(happened('OrderPlaced', `o${n}`)));
    await sagaBatch(handling, { Records });
    expect((await raiseOverdue(shipping, store, LATE_MS)).raised).toHaveLength(120);
    expect((await raiseOverdue(shipping, store, LATE_MS)).raised).toEqual([]);
    expect(effects.filter(({ name }) => name === 'Overdue')).toHaveLength(120);
  });

  test('due alerts are raised while older ones fail, however many', async () => {
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

  test('alerts that could not be raised are reported, and raised the next time', async () => {
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

describe('the effects of a saga', () => {
  const logged: string[] = [];
  afterEach(() => vi.restoreAllMocks());

  /** A stream record of a saga's effect. */
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

  test('a failed effect is logged by the name of its error, and the stream continues at the first one', async () => {
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

  /** The queue of an effect handler's retries. */
  const retrying = (isDown = false) => {
    const { queue, reports } = noted();
    const sent: SagaEffect[] = [];
    const send = async (effect: SagaEffect) => {
      if (isDown) throw new Error('down');
      sent.push(effect);
    };
    return { retries: { queue, send }, sent, reports };
  };
  const broken = {
    CreateShippingLabel: async ({ key }: SagaEffect) => {
      if (key === 'o1') throw Object.assign(new Error('4111'), { name: 'OutOfPaper' });
    },
  };
  /** A failed effect as the queue of retries delivers it. */
  const again = (effect: SagaEffect | undefined, delivery: Delivery) =>
    record(happened('OrderPlaced', 'o1'), { ...delivery, body: JSON.stringify(effect) });

  test('an effect that fails is sent to its retries, and the stream goes on', async () => {
    listen();
    const { retries, sent } = retrying();
    const Records = ['o1', 'o2'].map((key) => recorded('CreateShippingLabel', key));
    expect(await effectBatch(broken, { Records }, { retries })).toEqual({ batchItemFailures: [] });
    expect(sent).toMatchObject([{ key: 'o1', idempotencyKey: 'shipping/o1/CreateShippingLabel' }]);
  });

  test('an effect that cannot be sent to its retries stays in the stream', async () => {
    listen();
    const Records = ['o1', 'o2'].map((key) => recorded('CreateShippingLabel', key));
    expect(await effectBatch(broken, { Records }, { retries: retrying(true).retries })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'CreateShippingLabel-o1' }],
    });
  });

  test('an effect is retried from the queue until its budget is used up, and is parked then', async () => {
    listen();
    const { retries, sent, reports } = retrying();
    await effectBatch(broken, { Records: [recorded('CreateShippingLabel', 'o1')] }, { retries });
    const [effect] = sent;
    const first = again(effect, { firstReceivedAtMs: Date.now() });
    expect(await effectBatch(broken, { Records: [first] }, { retries })).toEqual(failures(first));
    const last = again(effect, { receives: BUDGET.attempts });
    expect(await effectBatch(broken, { Records: [last] }, { retries })).toEqual(failures());
    expect(reports.at(-1)?.parked).toMatchObject([
      {
        event: {
          reason: 'retries-exhausted',
          explanation: 'failed 3 times; last error: OutOfPaper',
          entity: { type: 'CreateShippingLabel', id: 'o1' },
        },
      },
    ]);
    const mended = { CreateShippingLabel: async () => {} };
    expect(await effectBatch(mended, { Records: [again(effect, {})] }, { retries })).toEqual(failures());
    expect(reports.at(-1)).toMatchObject({ taken: 1, parked: [] });
  });

  test('an effect is retried with all of its data, also with keys that have a meaning in JavaScript', async () => {
    listen();
    const { retries } = retrying();
    const tried: SagaEffect[] = [];
    const CreateShippingLabel = async (effect: SagaEffect) => tried.push(effect);
    const data = JSON.parse('{"n":1,"__proto__":{"polluted":true},"constructor":"Lotus"}');
    const effect = readEffect(effectItem('shipping', 'o1', { name: 'CreateShippingLabel', data }, PUBLISHED_AT));
    expect(await effectBatch({ CreateShippingLabel }, { Records: [again(effect, {})] }, { retries })).toEqual(
      failures(),
    );
    expect(tried.map((one) => JSON.stringify(one.data))).toEqual([JSON.stringify(effect?.data)]);
  });

  test('an effect without a handler is logged, unless it is left to others or an alert', async () => {
    listen();
    const Records = ['CreateShippingLabel', 'SendMail', 'Overdue'].map((name) => recorded(name, 'o1'));
    const left = { leftToOthers: ['SendMail'] };
    expect(await effectBatch({}, { Records }, left)).toEqual({ batchItemFailures: [] });
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { message: 'effect has no handler', effect: 'CreateShippingLabel' },
    ]);
  });
});
