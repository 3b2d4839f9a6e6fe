import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { it } from './world.ts';

const RAW = { RawMessageDelivery: 'true' };

describe('deduplication at a queue · sqs/FIFO-queues-exactly-once-processing', () => {
  it('a queue accepts a duplicate, answers it like the first message and does not deliver it', async ({ world }) => {
    const queue = await world.fifoQueue();
    const first = await queue.sendOne('1', { MessageDeduplicationId: 'd' });
    const second = await queue.sendOne('2', { MessageDeduplicationId: 'd' });
    const { MessageId, SequenceNumber } = first;
    expect(second).toMatchObject({ MessageId, SequenceNumber });
    expect(await queue.receiveBodies()).toEqual(['1']);
  });

  it('a queue still detects a duplicate after the first message was received and deleted · sqs/FIFO-key-terms', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    await queue.sendOne('1', { MessageDeduplicationId: 'd' });
    await queue.delete(...(await queue.receive()));
    await queue.sendOne('2', { MessageDeduplicationId: 'd' });
    expect(await queue.receive()).toEqual([]);
  });

  it('a queue forgets a deduplication id five minutes after its first use, even if a duplicate came', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    const first = await queue.sendOne('1', { MessageDeduplicationId: 'd' });
    await world.advance(299.999);
    const second = await queue.sendOne('2', { MessageDeduplicationId: 'd' });
    expect(second.MessageId).toBe(first.MessageId);
    await world.advance(0.001);
    await queue.sendOne('3', { MessageDeduplicationId: 'd' });
    expect(await queue.receiveBodies()).toEqual(['1', '3']);
  });

  it('a deduplication id applies to the whole queue by default · sqs-api/API_CreateQueue', async ({ world }) => {
    const queue = await world.fifoQueue();
    expect(await queue.attributes()).toMatchObject({ DeduplicationScope: 'queue', FifoThroughputLimit: 'perQueue' });
    await queue.sendOne('1', { MessageDeduplicationId: 'd' });
    await queue.sendOne('2', { MessageDeduplicationId: 'd', MessageGroupId: 'b' });
    expect(await queue.receiveBodies()).toEqual(['1']);
  });

  it('a deduplication id applies to each message group with the scope messageGroup · sqs-api/API_CreateQueue', async ({
    world,
  }) => {
    const scope = { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' };
    const queue = await world.fifoQueue(scope);
    for (const MessageGroupId of ['a', 'b', 'a'])
      await queue.sendOne(`of ${MessageGroupId}`, { MessageDeduplicationId: 'd', MessageGroupId });
    expect((await queue.receiveBodies()).sort()).toEqual(['of a', 'of b']);
  });

  it('content-based deduplication uses the SHA-256 of the body without the attributes · sqs-api/API_SendMessage', async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ ContentBasedDeduplication: 'true' });
    const MessageAttributes = { type: { DataType: 'String', StringValue: 'country' } };
    await queue.sendOne('same', { MessageDeduplicationId: undefined });
    await queue.sendOne('same', { MessageDeduplicationId: undefined, MessageAttributes });
    await queue.sendOne('other', { MessageDeduplicationId: undefined });
    const messages = await queue.receive();
    expect(messages.map(({ Body }) => Body)).toEqual(['same', 'other']);
    const MessageDeduplicationId = createHash('sha256').update('same').digest('hex');
    expect(messages[0]?.Attributes).toMatchObject({ MessageDeduplicationId });
  });

  it('a deduplication id of the message has precedence over one made from its content · sqs-api/API_SendMessage', async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ ContentBasedDeduplication: 'true' });
    for (const MessageDeduplicationId of ['1', '2']) await queue.sendOne('same', { MessageDeduplicationId });
    expect(await queue.receiveBodies()).toEqual(['same', 'same']);
  });
});

describe('deduplication at a topic · sns/fifo-message-dedup', () => {
  it('a topic accepts a duplicate, answers it like the first message and does not deliver it', async ({ world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    await topic.subscribe(queue);
    const { MessageId, SequenceNumber } = await topic.publish('1', { MessageDeduplicationId: 'd' });
    const second = await topic.publish('2', { MessageDeduplicationId: 'd', MessageGroupId: 'b' });
    expect(second).toMatchObject({ MessageId, SequenceNumber });
    expect(await queue.receiveBodies()).toEqual(['1']);
    expect(await queue.receive()).toEqual([]);
  });

  it('a topic forgets a deduplication id after five minutes, and passes the id on to the queue', async ({ world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    await topic.subscribe(queue);
    await topic.publish('1', { MessageDeduplicationId: 'd' });
    await world.advance(299);
    await topic.publish('2', { MessageDeduplicationId: 'd' });
    await world.advance(1);
    await topic.publish('3', { MessageDeduplicationId: 'd' });
    const messages = await queue.receive();
    expect(messages.map(({ Body }) => Body)).toEqual(['1', '3']);
    expect(messages[0]?.Attributes).toMatchObject({ MessageDeduplicationId: 'd', MessageGroupId: 'a' });
  });

  it('a deduplication id of a topic applies to each message group with the scope MessageGroup · sns/fifo-high-throughput', async ({
    world,
  }) => {
    const topic = await world.fifoTopic({ FifoThroughputScope: 'MessageGroup' });
    const queue = await world.fifoQueue({ DeduplicationScope: 'messageGroup' });
    await topic.subscribe(queue);
    for (const MessageGroupId of ['a', 'b', 'a'])
      await topic.publish(`of ${MessageGroupId}`, { MessageDeduplicationId: 'd', MessageGroupId });
    const bodies = [...(await queue.receiveBodies()), ...(await queue.receiveBodies())];
    expect(bodies.sort()).toEqual(['of a', 'of b']);
  });

  it('content-based deduplication of a topic does not need the same setting at the queue', async ({ world }) => {
    const topic = await world.fifoTopic({ ContentBasedDeduplication: 'true' });
    const queue = await world.fifoQueue();
    await topic.subscribe(queue, RAW);
    for (const message of ['same', 'same', 'other'])
      await topic.publish(message, { MessageDeduplicationId: undefined });
    const bodies = [...(await queue.receiveBodies()), ...(await queue.receiveBodies())];
    expect(bodies).toEqual(['same', 'other']);
  });
});
