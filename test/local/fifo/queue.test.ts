import { describe, expect, it, vi } from 'vitest';
import { bodies, codeOf, send, virtualAccount } from './virtual-account.ts';

describe('message groups', () => {
  it('gives several messages of one group in one receive, in order, and fills up from the next group', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    for (const body of ['a1', 'a2']) send(queue, 'a', body);
    for (const body of ['b1', 'b2']) send(queue, 'b', body);
    expect(bodies(queue.receive(3))).toEqual(['a1', 'a2', 'b1']);
  });

  it('locks a group until every message received from it is deleted or visible again', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    for (const body of ['a1', 'a2', 'a3']) send(queue, 'a', body);
    const [first, second] = queue.receive(2);
    expect(queue.receive(10)).toEqual([]);
    queue.delete(first?.receiptHandle ?? '');
    expect(queue.receive(10)).toEqual([]);
    queue.delete(second?.receiptHandle ?? '');
    expect(bodies(queue.receive(10))).toEqual(['a3']);
  });

  it('keeps the order when messages of a batch come back one by one', () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo');
    for (const body of ['a1', 'a2', 'a3', 'a4']) send(queue, 'a', body);
    const [first, second, third] = queue.receive(3);
    queue.changeVisibility(third?.receiptHandle ?? '', 0);
    queue.delete(second?.receiptHandle ?? '');
    queue.changeVisibility(first?.receiptHandle ?? '', 90);
    clock.ms += 30_000;
    expect(queue.receive(10)).toEqual([]);
    clock.ms += 60_000;
    expect(bodies(queue.receive(10))).toEqual(['a1', 'a3', 'a4']);
  });

  it('rotates the groups, so that a hot one does not starve the others', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    for (let n = 0; n < 100; n += 1) send(queue, 'hot', `hot${n}`);
    send(queue, 'cold', 'cold');
    for (const { receiptHandle } of queue.receive(10)) queue.delete(receiptHandle);
    expect(bodies(queue.receive(10))).toContain('cold');
  });

  it('takes the whole backlog of one group in order through many receives and returns', () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo');
    const all = Array.from({ length: 1000 }, (_, n) => String(n));
    for (const body of all) send(queue, 'a', body);
    const done: string[] = [];
    for (let round = 0; done.length < all.length; round += 1) {
      const batch = queue.receive(10);
      if (round % 3 === 0) {
        clock.ms += 30_000;
        continue;
      }
      done.push(...bodies(batch));
      for (const { receiptHandle } of batch) queue.delete(receiptHandle);
    }
    expect(done).toEqual(all);
  });
});

describe('sending', () => {
  it('answers a duplicate with the ids of the first message and does not store it, even after that was deleted', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    const first = queue.send({ body: 'x', groupId: 'a', deduplicationId: 'd' });
    for (const { receiptHandle } of queue.receive()) queue.delete(receiptHandle);
    const second = queue.send({ body: 'y', groupId: 'b', deduplicationId: 'd' });
    expect(second).toEqual({ ...first, isDuplicate: true });
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('forgets a deduplication id five minutes after its first use', () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo');
    const input = { body: 'x', groupId: 'a', deduplicationId: 'd' };
    queue.send(input);
    clock.ms += 299_999;
    expect(queue.send(input).isDuplicate).toBe(true);
    clock.ms += 1;
    expect(queue.send(input).isDuplicate).toBe(false);
  });

  it('deduplicates per group where the queue says so', () => {
    const queue = virtualAccount().fifoQueue('q.fifo', { DeduplicationScope: 'messageGroup' });
    queue.send({ body: 'x', groupId: 'a', deduplicationId: 'd' });
    expect(queue.send({ body: 'x', groupId: 'b', deduplicationId: 'd' }).isDuplicate).toBe(false);
    expect(queue.send({ body: 'x', groupId: 'a', deduplicationId: 'd' }).isDuplicate).toBe(true);
  });

  it('makes the deduplication id from the body with content-based deduplication', () => {
    const queue = virtualAccount().fifoQueue('q.fifo', { ContentBasedDeduplication: 'true' });
    const messageAttributes = { a: { DataType: 'String', StringValue: '1' } };
    queue.send({ body: 'hello', groupId: 'a' });
    expect(queue.send({ body: 'hello', groupId: 'a', messageAttributes }).isDuplicate).toBe(true);
    const sha256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect(queue.receive()[0]?.deduplicationId).toBe(sha256);
  });

  it('numbers messages with 20 digits, strictly increasing', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    const numbers = ['1', '2', '3'].map(
      (id) => queue.send({ body: id, groupId: 'a', deduplicationId: id }).sequenceNumber ?? '',
    );
    for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
    expect(numbers).toEqual([...new Set(numbers)].sort());
  });

  it.each([
    ['MissingParameter', { body: '', groupId: 'a', deduplicationId: 'd' }],
    ['MissingParameter', { body: 'x', deduplicationId: 'd' }],
    ['InvalidParameterValue', { body: 'x', groupId: 'a' }],
    ['InvalidParameterValue', { body: 'x', groupId: 'a b', deduplicationId: 'd' }],
    ['InvalidParameterValue', { body: 'x', groupId: 'a', deduplicationId: 'd'.repeat(129) }],
    ['InvalidParameterValue', { body: 'x'.repeat(1025), groupId: 'a', deduplicationId: 'd' }],
    ['InvalidParameterValue', { body: 'x', groupId: 'a', deduplicationId: 'd', delaySeconds: 5 }],
    ['InvalidMessageContents', { body: '\u0000', groupId: 'a', deduplicationId: 'd' }],
    [
      'InvalidParameterValue',
      {
        body: 'x',
        groupId: 'a',
        deduplicationId: 'd',
        messageAttributes: { a: { DataType: 'Text', StringValue: 'x' } },
      },
    ],
  ])('refuses with %s what SQS refuses: %j', (code, input) => {
    const queue = virtualAccount().fifoQueue('q.fifo', { MaximumMessageSize: '1024' });
    expect(codeOf(() => queue.send(input))).toBe(code);
    expect(queue.counts().visible).toBe(0);
  });

  it('refuses a batch as a whole, and otherwise each entry for itself', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    const entry = (id: string, body = 'x') => ({ id, body, groupId: 'a', deduplicationId: id });
    const eleven = Array.from({ length: 11 }, (_, n) => entry(String(n)));
    expect(codeOf(() => queue.sendBatch([]))).toBe('EmptyBatchRequest');
    expect(codeOf(() => queue.sendBatch(eleven))).toBe('TooManyEntriesInBatchRequest');
    expect(codeOf(() => queue.sendBatch([entry('1'), entry('1')]))).toBe('BatchEntryIdsNotDistinct');
    expect(codeOf(() => queue.sendBatch([entry('a b')]))).toBe('InvalidBatchEntryId');
    expect(codeOf(() => queue.sendBatch([entry('1', 'x'.repeat(600_000)), entry('2', 'x'.repeat(600_000))]))).toBe(
      'BatchRequestTooLong',
    );
    const { successful, failed } = queue.sendBatch([entry('1'), entry('2', ''), entry('3')]);
    expect(successful.map(({ id }) => id)).toEqual(['1', '3']);
    expect(failed).toMatchObject([{ id: '2', code: 'MissingParameter', senderFault: true }]);
  });
});

describe('receipt handles', () => {
  it('lets no expired handle of a FIFO queue delete or change a message', () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo');
    send(queue, 'a', 'x');
    const [first] = queue.receive();
    const handle = first?.receiptHandle ?? '';
    clock.ms += 30_000;
    expect(codeOf(() => queue.delete(handle))).toBe('InvalidParameterValue');
    expect(codeOf(() => queue.changeVisibility(handle, 1))).toBe('MessageNotInflight');
    expect(bodies(queue.receive())).toEqual(['x']);
    expect(codeOf(() => queue.delete(handle))).toBe('InvalidParameterValue');
    expect(codeOf(() => queue.changeVisibility(handle, 1))).toBe('InvalidParameterValue');
    expect(queue.counts().inFlight).toBe(1);
  });

  it('counts a deleted message as deleted once more, and refuses a handle it never gave', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    send(queue, 'a', 'x');
    const [first] = queue.receive();
    const handle = first?.receiptHandle ?? '';
    queue.delete(handle);
    expect(codeOf(() => queue.delete(handle))).toBe('none');
    expect(codeOf(() => queue.delete('nonsense'))).toBe('ReceiptHandleIsInvalid');
  });

  it('lets the latest handle of a standard queue delete after its visibility timeout', () => {
    const { messaging, clock } = virtualAccount();
    const queue = messaging.createQueue('standard');
    queue.send({ body: 'x' });
    const stale = queue.receive()[0]?.receiptHandle ?? '';
    clock.ms += 30_000;
    const latest = queue.receive()[0]?.receiptHandle ?? '';
    clock.ms += 30_000;
    queue.delete(stale);
    expect(queue.counts().visible).toBe(1);
    queue.delete(latest);
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(queue.receive()).toEqual([]);
  });
});

describe('time', () => {
  it('tells when the next message becomes visible, and calls back when one does', () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo');
    const listener = vi.fn();
    queue.onAvailable(listener);
    send(queue, 'a', 'a1');
    expect(listener).toHaveBeenCalledTimes(1);
    const [first] = queue.receive();
    expect(queue.nextVisibleAt()).toBe(clock.ms + 30_000);
    send(queue, 'a', 'a2');
    expect(listener).toHaveBeenCalledTimes(1);
    queue.changeVisibility(first?.receiptHandle ?? '', 0);
    expect(listener).toHaveBeenCalledTimes(2);
    expect(queue.nextVisibleAt()).toBeUndefined();
  });

  it('counts receives and keeps the time of the first', () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo');
    send(queue, 'a', 'x');
    const sentAtMs = clock.ms;
    clock.ms += 5;
    queue.receive(1, 10);
    clock.ms += 10_000;
    expect(queue.receive()[0]).toMatchObject({ receiveCount: 2, sentAtMs, firstReceivedAtMs: sentAtMs + 5 });
  });

  it("delays messages by the queue's delay and keeps their order", () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo', { DelaySeconds: '10' });
    for (const body of ['1', '2', '3']) send(queue, 'a', body);
    expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 3 });
    expect(queue.receive(10)).toEqual([]);
    clock.ms += 10_000;
    expect(bodies(queue.receive(10))).toEqual(['1', '2', '3']);
  });

  it('drops messages older than the retention period', () => {
    const { fifoQueue, clock } = virtualAccount();
    const queue = fifoQueue('q.fifo', { MessageRetentionPeriod: '60' });
    send(queue, 'a', 'old');
    clock.ms += 30_000;
    send(queue, 'a', 'young');
    clock.ms += 30_000;
    expect(queue.counts().visible).toBe(1);
    expect(bodies(queue.receive(10))).toEqual(['young']);
  });

  it('forgets all messages and locks on a purge', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    for (const body of ['1', '2']) send(queue, 'a', body);
    queue.receive();
    queue.purge();
    send(queue, 'a', '3');
    expect(bodies(queue.receive(10))).toEqual(['3']);
  });
});

describe('redrive', () => {
  it('moves a message to the dead-letter queue on the receive that would exceed maxReceiveCount', () => {
    const { fifoQueue, clock } = virtualAccount();
    const dead = fifoQueue('dead.fifo');
    const policy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
    const queue = fifoQueue('q.fifo', { RedrivePolicy: policy });
    for (const body of ['poison', 'next']) send(queue, 'a', body);
    for (let receive = 0; receive < 2; receive += 1) {
      expect(bodies(queue.receive(1))).toEqual(['poison']);
      clock.ms += 30_000;
    }
    expect(bodies(queue.receive(1))).toEqual(['next']);
    const [moved] = dead.receive(10);
    expect(moved).toMatchObject({ body: 'poison', groupId: 'a', deadLetterSourceArn: queue.arn, sentAtMs: clock.ms });
    expect(moved?.deduplicationId).toBe(moved?.messageId);
  });

  it('refuses a dead-letter queue that does not exist, is the queue itself or of the other kind', () => {
    const { fifoQueue, messaging } = virtualAccount();
    const standard = messaging.createQueue('standard');
    for (const deadLetterTargetArn of ['arn:aws:sqs:eu-central-1:000000000000:none.fifo', standard.arn]) {
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
      expect(codeOf(() => fifoQueue('q.fifo', { RedrivePolicy }))).toBe('InvalidParameterValue');
    }
  });
});

describe('createQueue', () => {
  it('returns the existing queue for the same attributes and refuses others', () => {
    const { fifoQueue } = virtualAccount();
    const queue = fifoQueue('q.fifo', { VisibilityTimeout: '60' });
    expect(fifoQueue('q.fifo')).toBe(queue);
    expect(codeOf(() => fifoQueue('q.fifo', { VisibilityTimeout: '61' }))).toBe('QueueNameExists');
  });

  it.each([
    ['InvalidParameterValue', 'q.fifo', {}],
    ['InvalidParameterValue', 'q', { FifoQueue: 'true' }],
    ['InvalidParameterValue', 'q q', {}],
    ['InvalidAttributeName', 'q', { Nonsense: '1' }],
    ['InvalidAttributeValue', 'q', { VisibilityTimeout: '43201' }],
    ['InvalidAttributeValue', 'q.fifo', { FifoQueue: 'true', FifoThroughputLimit: 'perMessageGroupId' }],
  ])('refuses with %s: %s %j', (code, name, attributes) => {
    expect(codeOf(() => virtualAccount().messaging.createQueue(name, attributes))).toBe(code);
  });

  it('finds a queue by name, ARN and URL', () => {
    const { fifoQueue, messaging } = virtualAccount();
    const queue = fifoQueue('q.fifo');
    messaging.baseUrl = 'http://127.0.0.1:1';
    expect(messaging.queueUrl(queue)).toBe('http://127.0.0.1:1/000000000000/q.fifo');
    for (const reference of ['q.fifo', queue.arn, messaging.queueUrl(queue)])
      expect(messaging.queues.get(reference)).toBe(queue);
    messaging.deleteQueue(queue.arn);
    expect(codeOf(() => messaging.queues.require('q.fifo'))).toBe('QueueDoesNotExist');
  });
});
