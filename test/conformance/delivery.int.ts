import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import { letTopicSend } from './test-topic.ts';
import { it, refusal } from './world.ts';

const RAW = { RawMessageDelivery: 'true' };
const text = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });

describe('raw delivery · sns/sns-large-payload-raw-message-delivery', () => {
  it('raw delivery passes message and attributes on as they were published', async ({ world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    await topic.subscribe(queue, RAW);
    const MessageAttributes = {
      type: text('country'),
      n: text('1.5', 'Number'),
      raw: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
    };
    const message = '<a href="x">&amp; größe \n\r +%20</a>';
    await topic.publish(message, { MessageAttributes, MessageDeduplicationId: 'd' });
    const [received] = await queue.receive();
    expect(received).toMatchObject({ Body: message, MessageAttributes });
    expect(received?.Attributes).toMatchObject({ MessageGroupId: 'a', MessageDeduplicationId: 'd' });
  });

  it('raw delivery discards a message with more than 10 attributes, which SQS refuses', async ({ world }) => {
    const [topic, queue, enveloped] = [await world.fifoTopic(), await world.fifoQueue(), await world.fifoQueue()];
    await topic.subscribe(queue, RAW);
    await topic.subscribe(enveloped, {});
    const MessageAttributes = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`a${n}`, text('x')]));
    await topic.publish('x', { MessageAttributes });
    expect(await enveloped.receive()).toHaveLength(1);
    expect(await queue.receive()).toEqual([]);
  });
});

describe('delivery in an envelope · sns/sns-message-and-json-formats', () => {
  it("delivery in an envelope wraps the message in SNS's JSON with sequence number and attributes", async ({
    world,
  }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    await topic.subscribe(queue, {});
    const MessageAttributes = { n: text('1', 'Number') };
    const { MessageId, SequenceNumber } = await topic.publish('x', { MessageAttributes, Subject: 'about x' });
    const [received] = await queue.receive();
    expect(received).not.toHaveProperty('MessageAttributes');
    expect(JSON.parse(received?.Body ?? '')).toMatchObject({
      Type: 'Notification',
      MessageId,
      SequenceNumber,
      TopicArn: topic.arn,
      Subject: 'about x',
      Message: 'x',
      Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      MessageAttributes: { n: { Type: 'Number', Value: '1' } },
    });
  });
});

describe('filter policies on attributes · sns/sns-subscription-filter-policies', () => {
  it.for<[object, Record<string, MessageAttributeValue>, boolean, string]>([
    [{ type: ['country', 'city'] }, { type: text('city') }, true, 'string-value-matching'],
    [{ type: ['country'] }, { type: text('city') }, false, 'string-value-matching'],
    [{ type: ['country'] }, { type: text('Country') }, false, 'string-value-matching'],
    [{ type: ['country'] }, {}, false, 'and-or-logic'],
    [{ type: ['country'], n: [1] }, { type: text('country'), n: text('1.0', 'Number') }, true, 'and-or-logic'],
    [{ type: ['country'], n: [1] }, { type: text('country'), n: text('2', 'Number') }, false, 'and-or-logic'],
    [{ type: ['country'] }, { type: text('["city","country"]', 'String.Array') }, true, 'string-value-matching'],
    [{ type: [{ prefix: 'co' }] }, { type: text('country') }, true, 'string-value-matching'],
    [{ type: [{ suffix: 'co' }] }, { type: text('country') }, false, 'string-value-matching'],
    [{ type: [{ exists: false }] }, {}, true, 'attribute-key-matching'],
    [{ type: [{ exists: true }] }, {}, false, 'attribute-key-matching'],
    [{ type: [{ 'anything-but': ['country'] }] }, { type: text('city') }, true, 'string-value-matching'],
    [{ type: [{ 'anything-but': { prefix: 'c' } }] }, { type: text('city') }, false, 'string-value-matching'],
    [{ n: [{ numeric: ['>', 0, '<=', 5] }] }, { n: text('5', 'Number') }, true, 'numeric-value-matching'],
    [{ n: [{ numeric: ['>', 0, '<=', 5] }] }, { n: text('5.1', 'Number') }, false, 'numeric-value-matching'],
  ])('whether the filter policy %j matches the attributes %j is %s · sns/%s', async ([
    policy,
    MessageAttributes,
    isDelivered,
  ], { world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    await topic.subscribe(queue, { ...RAW, FilterPolicy: JSON.stringify(policy) });
    await topic.publish('x', { MessageAttributes });
    expect(await queue.receiveBodies()).toEqual(isDelivered ? ['x'] : []);
  });

  it.for([
    '[]',
    '{"a":"x"}',
    '{"a":[{"numeric":["~",1]}]}',
  ])('the filter policy %s is refused · sns-api/API_Subscribe', async (FilterPolicy, { world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    const refused = await refusal(topic.subscribe(queue, { FilterPolicy }));
    expect(refused).toEqual({ name: 'InvalidParameterException', status: 400 });
  });
});

describe('the dead-letter queue of a subscription · sns/sns-dead-letter-queues', () => {
  it('the dead-letter queue of a subscription gets messages for a deleted queue, with their group · sns/fifo-message-durability', async ({
    world,
  }) => {
    const [topic, queue, dead] = [await world.fifoTopic(), await world.fifoQueue(), await world.fifoQueue()];
    await letTopicSend(dead, topic.arn);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn });
    await topic.subscribe(queue, { ...RAW, RedrivePolicy });
    await world.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    await topic.publish('x');
    const [message] = await world.eventually(async () => {
      const messages = await dead.receive();
      expect(messages).toHaveLength(1);
      return messages;
    });
    expect(message).toMatchObject({ Body: 'x', Attributes: { MessageGroupId: 'a' } });
  });

  it('a subscription without a dead-letter queue loses messages for a deleted queue', async ({ world }) => {
    const [topic, queue, other] = [await world.fifoTopic(), await world.fifoQueue(), await world.fifoQueue()];
    await topic.subscribe(queue);
    await topic.subscribe(other);
    await world.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    await topic.publish('x');
    expect(await other.receiveBodies()).toEqual(['x']);
  });
});
