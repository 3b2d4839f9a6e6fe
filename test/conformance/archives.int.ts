import {
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
} from '@aws-sdk/client-sns';
import { describe, expect } from 'vitest';
import type { TestQueue } from './test-queue.ts';
import type { TestTopic } from './test-topic.ts';
import { it, refusal, type World } from './world.ts';

const DAY_SECONDS = 86_400;
const days = (MessageRetentionPeriod: string) => JSON.stringify({ MessageRetentionPeriod });

const setArchive = ({ sns }: World, TopicArn: string, AttributeValue: string) =>
  sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'ArchivePolicy', AttributeValue }));

async function topicAttributes({ sns }: World, TopicArn: string): Promise<Record<string, string>> {
  return (await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes ?? {};
}

async function beginningMs(world: World, topic: TestTopic): Promise<number> {
  return Date.parse((await topicAttributes(world, topic.arn)).BeginningArchiveTime ?? '');
}

/** The ISO time of some seconds after the archive began. */
async function timeAt(world: World, topic: TestTopic, seconds: number): Promise<string> {
  return new Date((await beginningMs(world, topic)) + seconds * 1000).toISOString();
}

const replay = ({ sns }: World, SubscriptionArn: string, policy: object) =>
  sns.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn,
      AttributeName: 'ReplayPolicy',
      AttributeValue: JSON.stringify({ PointType: 'Timestamp', ...policy }),
    }),
  );

async function subscriptionAttributes({ sns }: World, SubscriptionArn: string): Promise<Record<string, string>> {
  return (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes ?? {};
}

function completed(world: World, subscription: string): Promise<void> {
  return world.eventually(async () => {
    expect(await subscriptionAttributes(world, subscription)).toMatchObject({ ReplayStatus: 'Completed' });
  });
}

/** Receives and deletes messages until these have come, in this order. */
async function drained(world: World, queue: TestQueue, expected: readonly string[]): Promise<void> {
  const bodies: string[] = [];
  await world.eventually(async () => {
    const messages = await queue.receive();
    bodies.push(...messages.map(({ Body = '' }) => Body));
    if (messages.length > 0) await queue.delete(...messages);
    expect(bodies).toEqual(expected);
  });
}

/** An archived topic, to which 1, 2 and 3 were published at the seconds 0, 600 and 1,200 before a queue subscribed. */
async function archived(world: World, attributes: Record<string, string> = { RawMessageDelivery: 'true' }) {
  const topic = await world.fifoTopic({ ArchivePolicy: days('30') });
  for (const message of ['1', '2', '3']) {
    await topic.publish(message);
    await world.advance(600);
  }
  const queue = await world.fifoQueue();
  const subscription = await topic.subscribe(queue, attributes);
  return { topic, queue, subscription };
}

describe('archives · sns/message-archiving-and-replay-topic-owner', () => {
  it('a topic with an ArchivePolicy tells from when its messages can be replayed', async ({ world }) => {
    const topic = await world.fifoTopic({ ArchivePolicy: days('1') });
    const attributes = await topicAttributes(world, topic.arn);
    expect(JSON.parse(attributes.ArchivePolicy ?? '')).toEqual({ MessageRetentionPeriod: '1' });
    const began = await beginningMs(world, topic);
    await world.advance(3 * DAY_SECONDS);
    expect((await beginningMs(world, topic)) - began).toBe(2 * DAY_SECONDS * 1000);
  });

  it.for([days('0'), days('366'), days('1.5'), days('many')])('the ArchivePolicy %s is refused', async (policy, {
    world,
  }) => {
    const topic = await world.fifoTopic();
    expect(await refusal(setArchive(world, topic.arn, policy))).toMatchObject({ name: 'InvalidParameterException' });
  });

  it('a topic with an active archive cannot be deleted, and one whose archive was deactivated can', async ({
    world,
  }) => {
    const { arn: TopicArn } = await world.fifoTopic({ ArchivePolicy: days('30') });
    expect(await refusal(world.sns.send(new DeleteTopicCommand({ TopicArn })))).toMatchObject({ status: 400 });
    await setArchive(world, TopicArn, '{}');
    await world.sns.send(new DeleteTopicCommand({ TopicArn }));
    expect(await refusal(topicAttributes(world, TopicArn))).toMatchObject({ name: 'NotFoundException' });
  });

  it('a deactivated archive loses its messages', async ({ world }) => {
    const { topic, queue, subscription } = await archived(world);
    await setArchive(world, topic.arn, '{}');
    expect(await topicAttributes(world, topic.arn)).not.toHaveProperty('BeginningArchiveTime');
    await setArchive(world, topic.arn, days('30'));
    await replay(world, subscription, { StartingPoint: await timeAt(world, topic, 0) });
    await completed(world, subscription);
    await topic.publish('4');
    await drained(world, queue, ['4']);
  });
});

describe('replays · sns/message-archiving-and-replay-subscriber', () => {
  it('a replay without an ending point brings all messages since its starting point, in order, and then new ones', async ({
    world,
  }) => {
    const { topic, queue, subscription } = await archived(world);
    await replay(world, subscription, { StartingPoint: await timeAt(world, topic, 300) });
    await completed(world, subscription);
    await topic.publish('4');
    await drained(world, queue, ['2', '3', '4']);
  });

  it('messages that are published during a replay come after the replayed ones', async ({ world }) => {
    const { topic, queue, subscription } = await archived(world);
    await replay(world, subscription, { StartingPoint: await timeAt(world, topic, 0) });
    await topic.publish('4');
    await drained(world, queue, ['1', '2', '3', '4']);
    await completed(world, subscription);
  });

  it('a replay with an ending point pauses the subscription', async ({ world }) => {
    const { topic, queue, subscription } = await archived(world);
    const [StartingPoint, EndingPoint] = [await timeAt(world, topic, 0), await timeAt(world, topic, 900)];
    await replay(world, subscription, { StartingPoint, EndingPoint });
    await completed(world, subscription);
    await topic.publish('4');
    await drained(world, queue, ['1', '2']);
    expect(await queue.receive()).toEqual([]);
  });

  it('a new policy that begins at the ending point resumes a paused subscription without a loss', async ({ world }) => {
    const { topic, queue, subscription } = await archived(world);
    const [StartingPoint, EndingPoint] = [await timeAt(world, topic, 0), await timeAt(world, topic, 900)];
    await replay(world, subscription, { StartingPoint, EndingPoint });
    await completed(world, subscription);
    await topic.publish('4');
    await replay(world, subscription, { StartingPoint: EndingPoint });
    await completed(world, subscription);
    await topic.publish('5');
    await drained(world, queue, ['1', '2', '3', '4', '5']);
  });

  it('a subscription can be created with a replay · sns-api/API_Subscribe', async ({ world }) => {
    const { topic } = await archived(world);
    const queue = await world.fifoQueue();
    const StartingPoint = await timeAt(world, topic, 0);
    const ReplayPolicy = JSON.stringify({ PointType: 'Timestamp', StartingPoint });
    const subscription = await topic.subscribe(queue, { RawMessageDelivery: 'true', ReplayPolicy });
    await drained(world, queue, ['1', '2', '3']);
    expect(JSON.parse((await subscriptionAttributes(world, subscription)).ReplayPolicy ?? '')).toMatchObject({
      StartingPoint,
    });
  });

  it('a replayed message has its MessageId and Timestamp, and the attribute Replayed', async ({ world }) => {
    const { topic, queue, subscription } = await archived(world, {});
    await replay(world, subscription, { StartingPoint: await timeAt(world, topic, 900) });
    const first = await world.eventually(async () => {
      const [message] = await queue.receive();
      return JSON.parse(message?.Body ?? '');
    });
    expect(first).toMatchObject({ Message: '3', Replayed: true });
    await world.advance(31);
    await replay(world, subscription, { StartingPoint: await timeAt(world, topic, 900) });
    await completed(world, subscription);
    const [again] = await queue.receive();
    expect(JSON.parse(again?.Body ?? '')).toMatchObject({ MessageId: first.MessageId, Timestamp: first.Timestamp });
    await topic.publish('4', { MessageGroupId: 'b' });
    const live = await world.eventually(async () => {
      const [message] = await queue.receive();
      return JSON.parse(message?.Body ?? '');
    });
    expect(live).not.toHaveProperty('Replayed');
  });

  it('a replay obeys the filter policy', async ({ world }) => {
    const type = (StringValue: string) => ({ type: { DataType: 'String', StringValue } });
    const topic = await world.fifoTopic({ ArchivePolicy: days('30') });
    for (const one of ['placed', 'sent']) await topic.publish(one, { MessageAttributes: type(one) });
    const queue = await world.fifoQueue();
    const FilterPolicy = '{"type":["sent"]}';
    const subscription = await topic.subscribe(queue, { RawMessageDelivery: 'true', FilterPolicy });
    await replay(world, subscription, { StartingPoint: await timeAt(world, topic, 0) });
    await completed(world, subscription);
    await drained(world, queue, ['sent']);
  });

  it('a queue drops a replayed message that it received less than five minutes ago · sqs/FIFO-key-terms', async ({
    world,
  }) => {
    const { topic, queue, subscription } = await archived(world);
    const StartingPoint = await timeAt(world, topic, 0);
    for (const expected of [['1', '2', '3'], []]) {
      await replay(world, subscription, { StartingPoint });
      await completed(world, subscription);
      await drained(world, queue, expected);
    }
    await world.advance(300);
    await replay(world, subscription, { StartingPoint });
    await completed(world, subscription);
    await drained(world, queue, ['1', '2', '3']);
  });

  it('a replay is refused without an archive', async ({ world }) => {
    const topic = await world.fifoTopic();
    const subscription = await topic.subscribe(await world.fifoQueue());
    const started = replay(world, subscription, { StartingPoint: new Date().toISOString() });
    expect(await refusal(started)).toMatchObject({ name: 'InvalidParameterException' });
  });

  it('a replay is refused from before the archive, of an unknown type, and with an end before its start', async ({
    world,
  }) => {
    const { topic, subscription } = await archived(world);
    const [before, start] = [await timeAt(world, topic, -1), await timeAt(world, topic, 60)];
    for (const policy of [
      { StartingPoint: before },
      { StartingPoint: start, PointType: 'Sequence' },
      { StartingPoint: start, EndingPoint: await timeAt(world, topic, 30) },
      { StartingPoint: 'yesterday' },
      {},
    ])
      expect(await refusal(replay(world, subscription, policy))).toMatchObject({ name: 'InvalidParameterException' });
  });
});
