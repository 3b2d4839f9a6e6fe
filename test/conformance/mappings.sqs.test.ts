import { describe, expect, it } from 'vitest';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';
import { send } from '../local/fifo/virtual-account.ts';
import { flush, SUCCESS, THROTTLED, virtualMapping } from '../local/lambda/virtual-sqs-mapping.ts';

// Other endpoints don't run these functions, so the tests are about the local event source mapping only.

describe('an SQS event source mapping: batches · lam/services-sqs-configure', () => {
  it("an SQS mapping invokes the function with the sent messages in Lambda's format · lam/with-sqs", async () => {
    const { queue, start, invocations } = virtualMapping();
    start();
    const messageAttributes = { type: { DataType: 'String', StringValue: 'country' } };
    const { messageId, sequenceNumber } = queue.send({
      body: 'x',
      groupId: 'a',
      deduplicationId: 'd',
      messageAttributes,
    });
    await flush();
    expect(invocations[0]?.event.Records).toEqual([
      {
        messageId,
        receiptHandle: expect.any(String),
        body: 'x',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: String(Date.parse('2026-11-23T00:00:00Z')),
          SenderId: expect.any(String),
          ApproximateFirstReceiveTimestamp: String(Date.parse('2026-11-23T00:00:00Z')),
          SequenceNumber: sequenceNumber,
          MessageGroupId: 'a',
          MessageDeduplicationId: 'd',
        },
        messageAttributes: {
          type: { stringValue: 'country', stringListValues: [], binaryListValues: [], dataType: 'String' },
        },
        md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
        md5OfBody: '9dd4e461268c8034f5c8564e155c67a6',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:q.fifo',
        awsRegion: 'eu-central-1',
      },
    ]);
  });

  it('an SQS mapping passes 10 messages at a time by default, and never more than the batch size', async () => {
    for (const [batchSize, expected] of [
      [undefined, 10],
      [3, 3],
    ] as const) {
      const { queue, start, bodiesOf } = virtualMapping(batchSize === undefined ? {} : { batchSize });
      for (let n = 0; n < 12; n += 1) send(queue, 'a', `${n}`);
      start();
      await flush();
      expect(bodiesOf(0)).toEqual(Array.from({ length: expected }, (_, n) => `${n}`));
    }
  });

  it('an SQS mapping can put several groups in one batch, each in order, and passes no more of them until it returns', async () => {
    const { queue, start, invocations, bodiesOf } = virtualMapping();
    for (const [group, body] of ['a1', 'b1', 'a2', 'b2'].map((name) => [name.slice(0, 1), name] as const))
      send(queue, group, body);
    start();
    await flush();
    expect(bodiesOf(0).filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(bodiesOf(0).filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
    send(queue, 'a', 'a3');
    await flush();
    expect(invocations).toHaveLength(1);
    await invocations[0]?.answer(SUCCESS);
    expect(bodiesOf(1)).toEqual(['a3']);
  });

  it('an SQS mapping has one batch of a group in flight, and deletes it after the invocation has returned', async () => {
    const { queue, start, invocations, bodiesOf } = virtualMapping({ batchSize: 2 });
    for (const body of ['1', '2', '3']) send(queue, 'a', body);
    start();
    await flush();
    expect([invocations.length, bodiesOf(0)]).toEqual([1, ['1', '2']]);
    expect(queue.counts()).toMatchObject({ visible: 1, inFlight: 2 });
    await invocations[0]?.answer(SUCCESS);
    expect([invocations.length, bodiesOf(1)]).toEqual([2, ['3']]);
    await invocations[1]?.answer(SUCCESS);
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('an SQS mapping processes groups concurrently, up to MaximumConcurrency · lam/services-sqs-scaling', async () => {
    const { queue, start, invocations, bodiesOf } = virtualMapping({ batchSize: 1, maximumConcurrency: 2 });
    for (const group of ['a', 'b', 'c']) send(queue, group, group);
    const mapping = start();
    await flush();
    expect([bodiesOf(0), bodiesOf(1), invocations.length, mapping.inFlight]).toEqual([['a'], ['b'], 2, 2]);
    await invocations[1]?.answer(SUCCESS);
    expect([bodiesOf(2), mapping.inFlight]).toEqual([['c'], 2]);
  });

  it.each([
    [24, undefined, 24],
    [24, 10, 10],
    [6, 10, 6],
  ] as const)('%i active groups and a maximum concurrency of %s have %i concurrent invocations of an SQS mapping · lam/services-sqs-scaling', async (groups, maximumConcurrency, expected) => {
    const { queue, start, invocations } = virtualMapping({
      batchSize: 1,
      ...(maximumConcurrency !== undefined && { maximumConcurrency }),
    });
    for (let n = 0; n < 2 * groups; n += 1) send(queue, `${n % groups}`, `${n}`);
    const mapping = start();
    await flush();
    expect([invocations.length, mapping.inFlight]).toEqual([expected, expected]);
    expect(queue.counts()).toMatchObject({ visible: 2 * groups - expected, inFlight: expected });
  });

  it.each([1, 1_001])('an SQS mapping refuses a maximum concurrency of %i · lam/services-sqs-scaling', (given) => {
    const { start } = virtualMapping({ maximumConcurrency: given });
    expect(start).toThrow(`maximumConcurrency must be an integer from 2 to 1000. Given: ${given}.`);
  });

  it('an SQS mapping refuses a batch size that is not allowed for a FIFO queue', () => {
    expect(() => virtualMapping({ batchSize: 11 }).start()).toThrow(
      'batchSize must be an integer from 1 to 10. Given: 11.',
    );
  });
});

describe('an SQS event source mapping: errors and partial batch responses · lam/services-sqs-errorhandling', () => {
  it.each<[string, InvokeResult]>([
    ['a function error', { ok: false, error: 'Unhandled', message: 'broken' }],
    ['a timeout', { ok: false, error: 'TimedOut', message: 'Task timed out' }],
    ['an empty identifier', { ok: true, payload: { batchItemFailures: [{ itemIdentifier: '' }] } }],
    ['an unknown identifier', { ok: true, payload: { batchItemFailures: [{ itemIdentifier: 'unknown' }] } }],
    ['a wrong key', { ok: true, payload: { batchItemFailures: [{ id: 'x' }] } }],
    ['a value that is not a list', { ok: true, payload: { batchItemFailures: 'x' } }],
    ['a response that is not an object', { ok: true, payload: 'done' }],
  ])('an SQS mapping treats the whole batch as failed after %s, and retries it after the visibility timeout', async (_, result) => {
    const { queue, start, invocations, failures, bodiesOf, advance } = virtualMapping({
      reportBatchItemFailures: true,
    });
    for (const body of ['1', '2']) send(queue, 'a', body);
    start();
    await flush();
    await invocations[0]?.answer(result);
    expect(queue.counts().inFlight).toBe(2);
    expect(failures).toHaveLength(1);
    await advance(29_999);
    expect(invocations).toHaveLength(1);
    await advance(1);
    expect(bodiesOf(1)).toEqual(['1', '2']);
    expect(invocations[1]?.event.Records[0]?.attributes.ApproximateReceiveCount).toBe('2');
  });

  it.each([
    null,
    undefined,
    {},
    { batchItemFailures: null },
    { batchItemFailures: [] },
  ])('an SQS mapping treats the response %j as success', async (payload) => {
    const { queue, start, invocations } = virtualMapping({ reportBatchItemFailures: true });
    send(queue, 'a', '1');
    start();
    await flush();
    await invocations[0]?.answer({ ok: true, payload });
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('an SQS mapping deletes all messages except the failed ones, whose visibility it does not change', async () => {
    const { queue, start, invocations, bodiesOf, idOf, advance } = virtualMapping({ reportBatchItemFailures: true });
    for (const body of ['a1', 'a2', 'a3']) send(queue, 'a', body);
    send(queue, 'b', 'b1');
    start();
    await flush();
    const [a1, a2, a3] = invocations[0]?.event.Records ?? [];
    expect(a1?.body).toBe('a1');
    for (const { receiptHandle = '' } of [a2 ?? {}, a3 ?? {}]) queue.changeVisibility(receiptHandle, 10);
    const batchItemFailures = [idOf(0, 1), idOf(0, 2)].map((itemIdentifier) => ({ itemIdentifier }));
    await invocations[0]?.answer({ ok: true, payload: { batchItemFailures } });
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 2, delayed: 0 });
    await advance(10_000);
    expect(bodiesOf(1)).toEqual(['a2', 'a3']);
  });

  it('an SQS mapping without ReportBatchItemFailures ignores the response', async () => {
    const { queue, start, invocations, idOf } = virtualMapping();
    send(queue, 'a', '1');
    start();
    await flush();
    await invocations[0]?.answer({ ok: true, payload: { batchItemFailures: [{ itemIdentifier: idOf(0, 0) }] } });
    expect(queue.counts().inFlight).toBe(0);
  });

  it('an SQS mapping retries a throttled batch with back-off until the batch becomes visible again', async () => {
    const { queue, start, invocations, bodiesOf, advance } = virtualMapping();
    send(queue, 'a', '1');
    start();
    await flush();
    await invocations[0]?.answer(THROTTLED);
    await advance(99);
    expect(invocations).toHaveLength(1);
    await advance(1);
    expect(invocations[1]?.event).toBe(invocations[0]?.event);
    await invocations[1]?.answer(THROTTLED);
    await advance(200);
    await advance(29_700);
    await invocations[2]?.answer(THROTTLED);
    await advance(0);
    expect(bodiesOf(3)).toEqual(['1']);
    expect(invocations[3]?.event.Records[0]?.attributes.ApproximateReceiveCount).toBe('2');
  });
});
