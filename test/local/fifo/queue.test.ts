// test/conformance tests what AWS documents. These tests are about behaviour that only the model has.
import { describe, expect, it, vi } from 'vitest';
import { bodies, codeOf, send, virtualAccount } from './virtual-account.ts';

describe('message groups', () => {
  it('a queue serves its groups in rotation, so that a busy group does not starve the others', () => {
    const queue = virtualAccount().fifoQueue('q.fifo');
    for (let n = 0; n < 100; n += 1) send(queue, 'hot', `hot${n}`);
    send(queue, 'cold', 'cold');
    for (const { receiptHandle } of queue.receive(10)) queue.delete(receiptHandle);
    expect(bodies(queue.receive(10))).toContain('cold');
  });

  it('a queue keeps the order of a group of 1,000 messages through many receives and returns', () => {
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

describe('time', () => {
  it('a queue tells when its next message becomes visible, and calls its listeners when a message does', () => {
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
});

describe('names', () => {
  it('a queue is found by its name, ARN and URL', () => {
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
