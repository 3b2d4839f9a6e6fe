import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';
import { startSqsMapping } from '../../../local/lambda/sqs-mapping.ts';
import { send, virtualAccount } from '../fifo/virtual-account.ts';

const SUCCESS: InvokeResult = { ok: true, payload: null };
const THROTTLED: InvokeResult = { ok: false, error: 'Throttled', message: 'Rate exceeded' };

/** Lets promises that are settled already have their effects. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A queue, and a mapping whose invocations the test answers, in virtual time. */
function setUp(options: { batchSize?: number; maximumConcurrency?: number; reportBatchItemFailures?: boolean } = {}) {
  const { fifoQueue, clock } = virtualAccount();
  const queue = fifoQueue('q.fifo');
  const invocations: { event: SQSEvent; answer: (result: InvokeResult) => Promise<void> }[] = [];
  const timers: { atMs: number; callback: () => void }[] = [];
  const failures: string[] = [];
  const start = () =>
    startSqsMapping({
      queue,
      functionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:project',
      ...options,
      invoke: (event) =>
        new Promise((resolve) => {
          const answer = (result: InvokeResult) => {
            resolve(result);
            return flush();
          };
          invocations.push({ event, answer });
        }),
      now: () => clock.ms,
      region: 'eu-central-1',
      setTimer(callback, delayMs) {
        const timer = { atMs: clock.ms + delayMs, callback };
        timers.push(timer);
        return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
      },
      onFailure: (reason) => failures.push(reason),
    });
  const advance = async (ms: number): Promise<void> => {
    clock.ms += ms;
    for (const timer of timers.splice(0)) {
      if (timer.atMs <= clock.ms) timer.callback();
      else timers.push(timer);
    }
    await flush();
  };
  const bodiesOf = (at: number): string[] => invocations[at]?.event.Records.map(({ body }) => body) ?? [];
  const idOf = (at: number, record: number): string => invocations[at]?.event.Records[record]?.messageId ?? '';
  return { queue, start, invocations, failures, advance, bodiesOf, idOf, timers };
}

describe('an SQS event source mapping', () => {
  it("invokes the function with what is sent, as Lambda's SQS event", async () => {
    const { queue, start, invocations } = setUp();
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

  it('deletes the messages only after the invocation has returned, then goes on with the group', async () => {
    const { queue, start, invocations, bodiesOf } = setUp({ batchSize: 2 });
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

  it('runs groups side by side, up to maximumConcurrency', async () => {
    const { queue, start, invocations, bodiesOf } = setUp({ batchSize: 1, maximumConcurrency: 2 });
    for (const group of ['a', 'b', 'c']) send(queue, group, group);
    const mapping = start();
    await flush();
    expect([bodiesOf(0), bodiesOf(1), invocations.length, mapping.inFlight]).toEqual([['a'], ['b'], 2, 2]);
    await invocations[1]?.answer(SUCCESS);
    expect([bodiesOf(2), mapping.inFlight]).toEqual([['c'], 2]);
  });

  it.each<[string, InvokeResult]>([
    ['a function error', { ok: false, error: 'Unhandled', message: 'broken' }],
    ['a time-out', { ok: false, error: 'TimedOut', message: 'Task timed out' }],
    ['an empty identifier', { ok: true, payload: { batchItemFailures: [{ itemIdentifier: '' }] } }],
    ['an unknown identifier', { ok: true, payload: { batchItemFailures: [{ itemIdentifier: 'unknown' }] } }],
    ['a bad key', { ok: true, payload: { batchItemFailures: [{ id: 'x' }] } }],
    ['a list that is none', { ok: true, payload: { batchItemFailures: 'x' } }],
    ['a response that is no object', { ok: true, payload: 'done' }],
  ])('takes the whole batch for failed on %s, and retries when its visibility times out', async (_, result) => {
    const { queue, start, invocations, failures, bodiesOf, advance } = setUp({ reportBatchItemFailures: true });
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
  ])('takes the response %j for success', async (payload) => {
    const { queue, start, invocations } = setUp({ reportBatchItemFailures: true });
    send(queue, 'a', '1');
    start();
    await flush();
    await invocations[0]?.answer({ ok: true, payload });
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('deletes all but the messages reported as failed, and leaves the visibility of those alone', async () => {
    const { queue, start, invocations, bodiesOf, idOf, advance } = setUp({ reportBatchItemFailures: true });
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

  it('ignores the response without ReportBatchItemFailures', async () => {
    const { queue, start, invocations, idOf } = setUp();
    send(queue, 'a', '1');
    start();
    await flush();
    await invocations[0]?.answer({ ok: true, payload: { batchItemFailures: [{ itemIdentifier: idOf(0, 0) }] } });
    expect(queue.counts().inFlight).toBe(0);
  });

  it('leaves a message that the function handled too late, and says so', async () => {
    const { queue, start, invocations, failures, advance } = setUp({ maximumConcurrency: 1 });
    send(queue, 'a', '1');
    start();
    await flush();
    await advance(30_000);
    await invocations[0]?.answer(SUCCESS);
    expect(failures).toEqual([expect.stringContaining('was handled and not deleted')]);
    expect(invocations).toHaveLength(2);
  });

  it('holds a throttled batch and retries it with back-off, until it is visible again', async () => {
    const { queue, start, invocations, bodiesOf, advance } = setUp({ maximumConcurrency: 1 });
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

  it('stops: receives nothing more and waits for the invocations in flight', async () => {
    const { queue, start, invocations, timers } = setUp({ batchSize: 1 });
    for (const body of ['1', '2']) send(queue, 'a', body);
    const mapping = start();
    await flush();
    let isStopped = false;
    const stopping = mapping.stop().then(() => {
      isStopped = true;
    });
    await flush();
    expect(isStopped).toBe(false);
    await invocations[0]?.answer(SUCCESS);
    await stopping;
    expect([invocations.length, queue.counts().visible, timers.length]).toEqual([1, 1, 0]);
  });

  it('does not keep a throttled batch from stopping', async () => {
    const { queue, start, invocations, timers } = setUp();
    send(queue, 'a', '1');
    const mapping = start();
    await flush();
    await invocations[0]?.answer(THROTTLED);
    await mapping.stop();
    expect([mapping.inFlight, timers.length]).toEqual([0, 0]);
  });

  it('refuses a batch size that a FIFO queue does not have', () => {
    expect(() => setUp({ batchSize: 11 }).start()).toThrow('batchSize must be an integer from 1 to 10. Given: 11.');
  });
});
