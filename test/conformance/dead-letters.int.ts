import { describe, expect } from 'vitest';
import type { TestQueue } from './test-queue.ts';
import { it, refusal, type World } from './world.ts';

/** Receives all messages until every message of the queue is in the dead-letter queue. */
async function exhaust(world: World, queue: TestQueue, receives: number): Promise<void> {
  for (let n = 0; n < receives; n += 1) {
    expect(await queue.receive()).not.toEqual([]);
    await world.advance(2);
  }
}

describe('dead-letter queues · sqs/sqs-dead-letter-queues', () => {
  it('a dead-letter queue gets a message after maxReceiveCount receives, and the group goes on without it', async ({
    world,
  }) => {
    const { queue, dead } = await world.queueWithDeadLetters(2);
    await queue.send('a', 'poison', 'next');
    for (let n = 0; n < 2; n += 1) {
      expect(await queue.receiveBodies({ MaxNumberOfMessages: 1 })).toEqual(['poison']);
      await world.advance(2);
    }
    expect(await queue.receiveBodies()).toEqual(['next']);
    expect(await dead.receiveBodies()).toEqual(['poison']);
  });

  it('the receives of the other messages in a failed batch count towards the dead-letter queue too', async ({
    world,
  }) => {
    const { queue, dead } = await world.queueWithDeadLetters(1);
    await queue.send('a', 'poison', 'innocent');
    await exhaust(world, queue, 1);
    expect(await queue.receive()).toEqual([]);
    expect(await dead.receiveBodies()).toEqual(['poison', 'innocent']);
  });

  it('a message in a dead-letter queue keeps body, attributes, message id and group, and names its source queue · sqs-api/API_ReceiveMessage', async ({
    world,
  }) => {
    const { queue, dead } = await world.queueWithDeadLetters(1);
    const MessageAttributes = { type: { DataType: 'String', StringValue: 'country' } };
    const { MessageId } = await queue.sendOne('poison', { MessageAttributes });
    await exhaust(world, queue, 1);
    await queue.receive();
    const [message] = await dead.receive();
    expect(message).toMatchObject({ Body: 'poison', MessageId, MessageAttributes });
    expect(message?.Attributes).toMatchObject({ MessageGroupId: 'a', DeadLetterQueueSourceArn: queue.arn });
  });

  it('replace the deduplication id by the message id · sqs/sqs-configure-dead-letter-queue-redrive', async ({
    world,
  }) => {
    const { queue, dead } = await world.queueWithDeadLetters(1);
    const { MessageId } = await queue.sendOne('poison', { MessageDeduplicationId: 'd' });
    await exhaust(world, queue, 1);
    await queue.receive();
    const [message] = await dead.receive();
    expect(message?.Attributes?.MessageDeduplicationId).toBe(MessageId);
  });

  it('let a FIFO message start its age anew · sqs/setting-up-dead-letter-queue-retention', async ({ world }) => {
    const { queue, dead } = await world.queueWithDeadLetters(1);
    await queue.send('a', 'poison');
    const [sent] = await queue.receive();
    await world.advance(2);
    await queue.receive();
    const [message] = await dead.receive();
    const [before, after] = [sent, message].map((each) => Number(each?.Attributes?.SentTimestamp));
    expect((after ?? 0) - (before ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('a FIFO dead-letter queue returns no more messages of a group in flight, so it cannot be listed · sqs/FIFO-queues-understanding-logic', async ({
    world,
  }) => {
    const { queue, dead } = await world.queueWithDeadLetters(1);
    await queue.send('a', '1', '2');
    await exhaust(world, queue, 1);
    await queue.receive();
    expect(await dead.receiveBodies({ MaxNumberOfMessages: 1 })).toEqual(['1']);
    expect(await dead.receive()).toEqual([]);
  });

  it('a dead-letter queue of another type than its source is refused · sqs/sqs-configure-dead-letter-queue', async ({
    world,
  }) => {
    const standard = await world.queue(world.newName());
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: standard.arn, maxReceiveCount: 2 });
    expect(await refusal(world.fifoQueue({ RedrivePolicy }))).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });

  it('a dead-letter queue that does not exist is refused', async ({ world }) => {
    const { arn } = await world.fifoQueue();
    const missing = arn.replace(/freshet-/, 'missing-');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: missing, maxReceiveCount: 2 });
    expect(await refusal(world.fifoQueue({ RedrivePolicy }))).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });

  it.for([
    0, 1_001,
  ])('a maxReceiveCount of %s is refused, because it must be 1 to 1,000 · sqs/sqs-configure-dead-letter-queue', async (maxReceiveCount, {
    world,
  }) => {
    const dead = await world.fifoQueue();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount });
    expect(await refusal(world.fifoQueue({ RedrivePolicy }))).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });
});
