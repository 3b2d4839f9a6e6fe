import type { SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { factBatch } from '../../adapters/fact-queue.ts';
import { sagaBatch } from '../../adapters/saga-batch.ts';
import type { Fact } from '../../core/fact.ts';
import { serialiseFact } from '../../core/fact-event.ts';
import type { SetAside } from '../../core/project/ports.ts';
import { raiseOverdue } from '../../core/saga/deadlines.ts';
import type { SagaResult } from '../../core/saga/handle.ts';
import { PUBLISHED_AT } from '../support/events.ts';
import { contracts, HOUR_SECONDS, happened, inMemorySagaStore, type StoreFaults, shipping } from '../support/sagas.ts';

let received = 0;

/** A fact as its queue delivers it. */
function record(fact: Fact, changes: { readonly body?: string } = {}): SQSRecord {
  received += 1;
  return {
    ...{
      messageId: `m${received}`,
      receiptHandle: 'r',
      body: serialiseFact(fact, PUBLISHED_AT),
      messageAttributes: {},
    },
    ...{ md5OfBody: '', eventSource: 'aws:sqs', eventSourceARN: 'arn', awsRegion: 'us-east-1' },
    attributes: {
      ...{ ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: '', ApproximateFirstReceiveTimestamp: '0' },
      ...{ MessageGroupId: `orderId/${fact.data.orderId}`, SequenceNumber: String(received) },
    },
    ...changes,
  };
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
    const returned: string[] = [];
    const handling = {
      contracts,
      park: async () => {},
      onReturned: ({ messageId }: { messageId: string }) => returned.push(messageId),
      work: async ({ id }: Fact) => {
        if (id === 'OrderPlaced/o1') throw new Error('down');
        worked.push(id);
      },
    };
    expect(await factBatch(handling, { Records })).toEqual(failures(Records[0], Records[2]));
    expect(worked).toEqual(['OrderPlaced/o2', 'OrderBilled/o2']);
    expect(returned).toEqual([Records[0]?.messageId, Records[2]?.messageId]);
  });

  test('parks what is no fact of the contracts and goes on behind it; returns it where it cannot be parked', async () => {
    const malformed = record(happened('OrderPlaced', 'o1'), { body: '{' });
    const next = record(happened('OrderPlaced', 'o1'));
    const parked: SetAside[] = [];
    const worked: string[] = [];
    const handling = { contracts, work: async ({ id }: Fact) => worked.push(id), nowMs: () => 7 };
    const park = async (aside: SetAside) => void parked.push(aside);
    expect(await factBatch({ ...handling, park }, { Records: [malformed, next] })).toEqual(failures());
    expect(parked).toMatchObject([{ reason: 'malformed', setAsideAtMs: 7, message: { body: '{' } }]);
    expect(worked).toEqual(['OrderPlaced/o1']);
    const broken = () => Promise.reject(new Error('down'));
    expect(await factBatch({ ...handling, park: broken }, { Records: [malformed, next] })).toEqual(
      failures(malformed, next),
    );
  });
});

describe("a saga's function", () => {
  const world = (faults: StoreFaults = {}) => {
    const { store, effects } = inMemorySagaStore(faults);
    const done: SagaResult[] = [];
    const told: string[] = [];
    const report = {
      done: (result: SagaResult) => void done.push(result),
      parked: ({ reason }: SetAside) => void told.push(reason),
      returned: () => void told.push('returned'),
    };
    const park = async () => {};
    return {
      store,
      effects,
      done,
      told,
      handling: { saga: shipping, store, report, park, keepSeconds: 100, nowMs: () => 0 },
    };
  };

  test('takes its facts in and tells what became of each', async () => {
    const { handling, effects, done, told } = world();
    const facts = ['OrderPlaced', 'OrderBilled', 'OrderBilled'].map((type) => record(happened(type, 'o1')));
    const stranger = record({ ...happened('OrderPlaced', 'o1'), owner: 'billing' });
    expect(await sagaBatch(handling, { Records: [...facts, stranger] })).toEqual(failures());
    expect(done.map(({ outcome }) => outcome)).toEqual(['waiting', 'decided', 'duplicate']);
    expect(told).toEqual(['wrong-owner']);
    expect(effects.map(({ name }) => name)).toEqual(['CreateShippingLabel']);
  });

  test('returns a fact that its store failed on', async () => {
    const { handling, told } = world({ fail: (at) => at === 'before' });
    const Records = [record(happened('OrderPlaced', 'o1'))];
    expect(await sagaBatch(handling, { Records })).toEqual(failures(...Records));
    expect(told).toEqual(['returned']);
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
