import { describe, expect } from 'vitest';
import { it, refusal } from './world.ts';

const POLL = { WaitTimeSeconds: 20 };

describe('long polling · sqs/sqs-short-and-long-polling', () => {
  it('a long poll wakes at once when a message is sent', async ({ world }) => {
    const queue = await world.fifoQueue();
    const waiting = queue.receiveBodies(POLL);
    await queue.send('a', '1');
    expect(await waiting).toEqual(['1']);
  });

  it('a long poll that loses the race for a message waits for the next message', async ({ world }) => {
    const queue = await world.fifoQueue();
    const polls = [queue.receiveBodies(POLL), queue.receiveBodies(POLL)];
    await queue.send('a', '1');
    const winner = await Promise.race(polls.map(async (poll, at) => ({ at, bodies: await poll })));
    expect(winner.bodies).toEqual(['1']);
    await queue.send('b', '2');
    expect(await polls[1 - winner.at]).toEqual(['2']);
  });

  it('a long poll wakes when a delete unlocks a group', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2');
    const [first] = await queue.receive({ MaxNumberOfMessages: 1 });
    const waiting = queue.receiveBodies(POLL);
    await queue.delete(first);
    expect(await waiting).toEqual(['2']);
  });

  it('a long poll wakes when a message is made visible and when a visibility timeout ends', async ({ world }) => {
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

  it('a long poll returns no messages when its wait is over', async ({ world }) => {
    const queue = await world.fifoQueue();
    const startedMs = performance.now();
    expect(await queue.receive({ WaitTimeSeconds: 1 })).toEqual([]);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
  });

  it("a receive waits for the time in the queue's attribute by default · sqs-api/API_SetQueueAttributes", async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ ReceiveMessageWaitTimeSeconds: '20' });
    const waiting = queue.receiveBodies({ WaitTimeSeconds: undefined });
    await queue.send('a', '1');
    expect(await waiting).toEqual(['1']);
  });

  it('a wait of more than 20 seconds is refused · sqs-api/API_ReceiveMessage', async ({ world }) => {
    const queue = await world.fifoQueue();
    const tooLong = queue.receive({ WaitTimeSeconds: 21 });
    expect(await refusal(tooLong)).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });
});
