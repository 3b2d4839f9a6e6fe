import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect } from 'vitest';
import { it, refusal, type World } from './world.ts';

const KIB = 1_024;
const text = (StringValue: string) => ({ DataType: 'String', StringValue });

describe('topics · sns-api/API_CreateTopic', () => {
  it('a topic is created once for a name, and creation with other attributes is refused', async ({ world }) => {
    const { arn } = await world.fifoTopic({ ContentBasedDeduplication: 'true' });
    const create = (ContentBasedDeduplication: string) => {
      const Attributes = { FifoTopic: 'true', ContentBasedDeduplication };
      return world.sns.send(new CreateTopicCommand({ Name: arn.split(':').at(-1), Attributes }));
    };
    expect((await create('true')).TopicArn).toBe(arn);
    expect(await refusal(create('false'))).toEqual({ name: 'InvalidParameterException', status: 400 });
  });

  it('a FIFO topic needs both a name with .fifo and the attribute FifoTopic', async ({ world }) => {
    const create = (Name: string, FifoTopic: string) =>
      world.sns.send(new CreateTopicCommand({ Name, Attributes: { FifoTopic } }));
    const name = 'InvalidParameterException';
    expect(await refusal(create(world.newName(), 'true'))).toMatchObject({ name });
    expect(await refusal(create(`${world.newName()}.fifo`, 'false'))).toMatchObject({ name });
  });

  it('a topic can be listed, described and deleted · sns-api/API_DeleteTopic', async ({ world }) => {
    const { arn: TopicArn } = await world.fifoTopic();
    const { Attributes } = await world.sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({ TopicArn, FifoTopic: 'true', ContentBasedDeduplication: 'false' });
    expect((await world.sns.send(new ListTopicsCommand({}))).Topics).toContainEqual({ TopicArn });
    await world.sns.send(new DeleteTopicCommand({ TopicArn }));
    await world.sns.send(new DeleteTopicCommand({ TopicArn }));
    const gone = world.sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(await refusal(gone)).toEqual({ name: 'NotFoundException', status: 404 });
  });
});

describe('publishing to a FIFO topic · sns/fifo-message-delivery', () => {
  it('a FIFO topic delivers to every subscribed queue, in order within each group', async ({ world }) => {
    const topic = await world.fifoTopic();
    const queues = [await world.fifoQueue(), await world.fifoQueue()];
    for (const queue of queues) await topic.subscribe(queue);
    for (const message of ['1', '2', '3']) await topic.publish(message);
    for (const queue of queues) {
      const bodies: string[] = [];
      await world.eventually(async () => {
        const messages = await queue.receive();
        bodies.push(...messages.map(({ Body = '' }) => Body));
        if (messages.length > 0) await queue.delete(...messages);
        expect(bodies).toEqual(['1', '2', '3']);
      });
    }
  });

  it('a publish returns an id and a sequence number of 20 digits that grows within its group · sns/fifo-topic-message-ordering', async ({
    world,
  }) => {
    const topic = await world.fifoTopic();
    const answers = [await topic.publish('1'), await topic.publish('2'), await topic.publish('3')];
    const numbers = answers.map(({ SequenceNumber = '' }) => SequenceNumber);
    for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
    expect(numbers).toEqual([...new Set(numbers)].sort());
    expect(new Set(answers.map(({ MessageId }) => MessageId)).size).toBe(3);
  });

  it.for([
    ['InvalidParameterException', 'an empty message', { Message: '' }],
    ['InvalidParameterException', 'a missing group id', { MessageGroupId: undefined }],
    [
      'InvalidParameterException',
      'a missing deduplication id without content-based deduplication',
      { MessageDeduplicationId: undefined },
    ],
    ['InvalidParameterException', 'a group id of more than 128 characters', { MessageGroupId: 'a'.repeat(129) }],
    ['InvalidParameterValueException', 'an attribute without a value', { MessageAttributes: { a: text('') } }],
  ] as const)('a publish is refused with %s for %s · sns-api/API_Publish', async ([name, , given], { world }) => {
    const topic = await world.fifoTopic();
    expect(await refusal(topic.publish('x', given))).toEqual({ name, status: 400 });
  });

  it('a publish to a topic that does not exist is refused with NotFoundException · sns-api/API_Publish', async ({
    world,
  }) => {
    const topic = await world.fifoTopic();
    const TopicArn = topic.arn.replace('freshet-', 'missing-');
    expect(await refusal(topic.publish('x', { TopicArn }))).toEqual({ name: 'NotFoundException', status: 404 });
  });
});

describe('sizes · sns/large-message-payloads', () => {
  it('a topic accepts a message of at most 256 KiB by default', async ({ world }) => {
    const topic = await world.fifoTopic();
    await topic.publish('x'.repeat(256 * KIB), { MessageDeduplicationId: '1' });
    const larger = topic.publish('x'.repeat(256 * KIB + 1), { MessageDeduplicationId: '2' });
    expect(await refusal(larger)).toEqual({ name: 'InvalidParameterException', status: 400 });
  });

  it('a topic accepts a message of up to 1 MiB if MaximumMessageSize allows it', async ({ world }) => {
    const topic = await world.fifoTopic({ MaximumMessageSize: `${1_024 * KIB}` });
    await topic.publish('x'.repeat(1_024 * KIB), { MessageDeduplicationId: '1' });
    const larger = topic.publish('x'.repeat(1_024 * KIB + 1), { MessageDeduplicationId: '2' });
    expect(await refusal(larger)).toEqual({ name: 'InvalidParameterException', status: 400 });
  });
});

describe('PublishBatch · sns-api/API_PublishBatch', () => {
  const entry = (Id: string, Message = Id): PublishBatchRequestEntry => {
    return { Id, Message, MessageDeduplicationId: Id, MessageGroupId: 'a' };
  };
  const publish = ({ sns }: World, TopicArn: string, PublishBatchRequestEntries: PublishBatchRequestEntry[]) =>
    sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));

  it('PublishBatch publishes up to 10 messages in order, each with its own outcome', async ({ world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    await topic.subscribe(queue);
    const { MessageGroupId, ...withoutGroup } = entry('no-group');
    const nine = Array.from({ length: 9 }, (_, n) => entry(`${n}`));
    const answer = await publish(world, topic.arn, [...nine, withoutGroup]);
    const ids = nine.map(({ Id }) => Id);
    expect(answer.Successful?.map(({ Id }) => Id)).toEqual(ids);
    expect(answer.Failed).toMatchObject([{ Id: 'no-group', Code: 'InvalidParameter', SenderFault: true }]);
    expect(await queue.receiveBodies()).toEqual(ids);
  });

  it.for([
    ['EmptyBatchRequestException', 'an empty batch', []],
    ['TooManyEntriesInBatchRequestException', '11 entries', Array.from({ length: 11 }, (_, n) => entry(`${n}`))],
    ['BatchEntryIdsNotDistinctException', 'a repeated id', [entry('1'), entry('1')]],
    ['InvalidBatchEntryIdException', 'an id with a space', [entry('a b')]],
    [
      'BatchRequestTooLongException',
      'more than 256 KiB in total',
      [entry('1', 'x'.repeat(200_000)), entry('2', 'x'.repeat(200_000))],
    ],
  ] as const)('PublishBatch is refused as a whole with %s for %s', async ([name, , entries], { world }) => {
    const { arn } = await world.fifoTopic();
    expect(await refusal(publish(world, arn, [...entries]))).toEqual({ name, status: 400 });
  });
});

describe('subscriptions · sns-api/API_Subscribe', () => {
  const RAW = { RawMessageDelivery: 'true' };

  it('a subscription is created once for a topic and a queue', async ({ world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    const arn = await topic.subscribe(queue, RAW);
    expect(await topic.subscribe(queue, RAW)).toBe(arn);
    const other = topic.subscribe(queue, { RawMessageDelivery: 'false' });
    expect(await refusal(other)).toEqual({ name: 'InvalidParameterException', status: 400 });
  });

  it('a subscription can be listed, changed and ended · sns-api/API_SetSubscriptionAttributes', async ({ world }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    const SubscriptionArn = await topic.subscribe(queue, RAW);
    const { Subscriptions } = await world.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic.arn }));
    const fields = { SubscriptionArn, TopicArn: topic.arn, Protocol: 'sqs', Endpoint: queue.arn };
    expect(Subscriptions).toMatchObject([{ ...fields, Owner: topic.arn.split(':')[4] }]);
    const change = { SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '{"type":["city"]}' };
    await world.sns.send(new SetSubscriptionAttributesCommand(change));
    const { Attributes } = await world.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(Attributes).toMatchObject({ FilterPolicy: change.AttributeValue, RawMessageDelivery: 'true' });
    await world.sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    const gone = world.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(await refusal(gone)).toEqual({ name: 'NotFoundException', status: 404 });
    await topic.publish('x');
    expect(await queue.receive()).toEqual([]);
  });

  it('a subscription of a FIFO queue to a standard topic is refused · sns/fifo-topic-code-examples', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    const { TopicArn } = await world.sns.send(new CreateTopicCommand({ Name: world.newName() }));
    const subscribing = world.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue.arn }));
    const refused = await refusal(subscribing);
    await world.sns.send(new DeleteTopicCommand({ TopicArn }));
    expect(refused).toEqual({ name: 'InvalidParameterException', status: 400 });
  });
});
