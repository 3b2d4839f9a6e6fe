import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { receiveWithin } from '../../../local/wire/long-poll.ts';
import { bodies, send, virtualAccount } from '../fifo/virtual-account.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function setUp(waitMs = 20_000) {
  const { fifoQueue, clock } = virtualAccount();
  const queue = fifoQueue('q.fifo');
  const aborter = new AbortController();
  const options = { queue, maxMessages: 10, visibilityTimeoutSeconds: undefined, waitMs, now: () => clock.ms };
  const advance = async (ms: number): Promise<void> => {
    clock.ms += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
  const poll = () => receiveWithin({ ...options, signal: aborter.signal });
  return { queue, aborter, poll, advance };
}

it('a poll returns existing messages at once, and none if it may not wait', async () => {
  const { queue, poll } = setUp(0);
  send(queue, 'a', '1');
  expect(bodies(await poll())).toEqual(['1']);
  expect(await poll()).toEqual([]);
});

it('a long poll waits no longer than requested', async () => {
  const { poll, advance } = setUp(20_000);
  const waiting = poll();
  await advance(20_000);
  expect(await waiting).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

it('a long poll gets all messages of the batch that wakes it', async () => {
  const { queue, poll } = setUp();
  const waiting = poll();
  queue.sendBatch(['1', '2'].map((id) => ({ id, body: id, groupId: 'a', deduplicationId: id })));
  expect(bodies(await waiting)).toEqual(['1', '2']);
});

it('a long poll wakes when a visibility timeout ends, even one that was set or shortened later', async () => {
  const { queue, poll, advance } = setUp();
  send(queue, 'a', '1');
  const [first] = queue.receive(1, 15);
  const waiting = poll();
  queue.changeVisibility(first?.receiptHandle ?? '', 5);
  await advance(5_000);
  expect(bodies(await waiting)).toEqual(['1']);
});

it('a long poll takes no message for a client that has disconnected', async () => {
  const { queue, poll, aborter } = setUp();
  const waiting = poll();
  send(queue, 'a', '1');
  aborter.abort();
  expect(await waiting).toEqual([]);
  expect(queue.counts().visible).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
