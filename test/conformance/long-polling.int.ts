import { describe, expect } from 'vitest';
import { it, refusal } from './world.ts';

const POLL = { WaitTimeSeconds: 20 };

describe('long polling · sqs/sqs-short-and-long-polling', () => {
  it('wakes at once when a message is sent', async ({ world }) => {
    const queue = await world.fifoQueue();
    const waiting = queue.receiveBodies(POLL);
    await queue.send('a', '1');
    expect(await waiting).toEqual(['1']);
  });

  it('lets the loser of a race for a message wait on for the next', async ({ world }) => {
    const queue = await world.fifoQueue();
    const polls = [queue.receiveBodies(POLL), queue.receiveBodies(POLL)];
    await queue.send('a', '1');
    const winner = await Promise.race(polls.map(async (poll, at) => ({ at, bodies: await poll })));
    expect(winner.bodies).toEqual(['1']);
    await queue.send('b', '2');
    expect(await polls[1 - winner.at]).toEqual(['2']);
  });

  it('wakes when the group is unlocked by a delete', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2');
    const [first] = await queue.receive({ MaxNumberOfMessages: 1 });
    const waiting = queue.receiveBodies(POLL);
    await queue.delete(first);
    expect(await waiting).toEqual(['2']);
  });

  it('wakes when a message is made visible, and when its time-out is over', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '3' });
    await queue.send('a', '1');
    const [first] = await queue.receive();
    const second = queue.receiveBodies(POLL);
    await queue.changeVisibility(first, 0);
    expect(await second).toEqual(['1']);
    const third = queue.receiveBodies(POLL);
    await world.advance(3);
    expect(await third).toEqual(['1']);
  });

  it('answers without messages when the wait is over', async ({ world }) => {
    const queue = await world.fifoQueue();
    const startedMs = performance.now();
    expect(await queue.receive({ WaitTimeSeconds: 1 })).toEqual([]);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
  });

  it("waits as long as the queue's attribute says by default · sqs-api/API_SetQueueAttributes", async ({ world }) => {
    const queue = await world.fifoQueue({ ReceiveMessageWaitTimeSeconds: '20' });
    const waiting = queue.receiveBodies({ WaitTimeSeconds: undefined });
    await queue.send('a', '1');
    expect(await waiting).toEqual(['1']);
  });

  it('waits 20 seconds at most · sqs-api/API_ReceiveMessage', async ({ world }) => {
    const queue = await world.fifoQueue();
    const tooLong = queue.receive({ WaitTimeSeconds: 21 });
    expect(await refusal(tooLong)).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });
});
