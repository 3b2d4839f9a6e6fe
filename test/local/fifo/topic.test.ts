import { describe, expect, it } from 'vitest';
import { bodies, codeOf, virtualAccount } from './virtual-account.ts';

function topicWithQueue(topicAttributes = {}, subscriptionAttributes = {}) {
  const account = virtualAccount();
  const topic = account.messaging.createTopic('t.fifo', { FifoTopic: 'true', ...topicAttributes });
  const queue = account.fifoQueue('q.fifo');
  const subscription = account.messaging.subscribe(topic.arn, 'sqs', queue.arn, subscriptionAttributes);
  return { ...account, topic, queue, subscription };
}

const RAW = { RawMessageDelivery: 'true' };
const attribute = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });

describe('publishing to a FIFO topic', () => {
  it('delivers to every subscribed queue, with the group and deduplication ids', () => {
    const { messaging, topic, queue, fifoQueue } = topicWithQueue({}, RAW);
    const other = fifoQueue('other.fifo');
    messaging.subscribe(topic.arn, 'sqs', other.arn, RAW);
    const messageAttributes = { type: attribute('country') };
    topic.publish({ message: 'x', groupId: 'a', deduplicationId: 'd', messageAttributes });
    for (const each of [queue, other]) {
      expect(each.receive()).toMatchObject([{ body: 'x', groupId: 'a', deduplicationId: 'd', messageAttributes }]);
    }
  });

  it("wraps the message in SNS's JSON without raw delivery", () => {
    const { topic, queue, clock } = topicWithQueue();
    const published = topic.publish({
      message: 'x',
      groupId: 'a',
      deduplicationId: 'd',
      messageAttributes: { n: attribute('1', 'Number') },
    });
    const [received] = queue.receive();
    expect(received?.messageAttributes).toEqual({});
    expect(JSON.parse(received?.body ?? '')).toMatchObject({
      Type: 'Notification',
      MessageId: published.messageId,
      SequenceNumber: published.sequenceNumber,
      TopicArn: topic.arn,
      Message: 'x',
      Timestamp: new Date(clock.ms).toISOString(),
      MessageAttributes: { n: { Type: 'Number', Value: '1' } },
    });
  });

  it('answers a duplicate within five minutes like the first and does not deliver it', () => {
    const { topic, queue, clock } = topicWithQueue({}, RAW);
    const first = topic.publish({ message: 'x', groupId: 'a', deduplicationId: 'd' });
    expect(topic.publish({ message: 'y', groupId: 'b', deduplicationId: 'd' })).toEqual({
      ...first,
      isDuplicate: true,
    });
    clock.ms += 300_000;
    topic.publish({ message: 'z', groupId: 'a', deduplicationId: 'd' });
    expect(bodies(queue.receive(10))).toEqual(['x', 'z']);
  });

  it('deduplicates per group with the scope MessageGroup', () => {
    const { topic } = topicWithQueue({ FifoThroughputScope: 'MessageGroup' });
    topic.publish({ message: 'x', groupId: 'a', deduplicationId: 'd' });
    expect(topic.publish({ message: 'x', groupId: 'b', deduplicationId: 'd' }).isDuplicate).toBe(false);
  });

  it('publishes a batch in order, each entry with its own outcome', () => {
    const { topic, queue } = topicWithQueue({ ContentBasedDeduplication: 'true' }, RAW);
    const { successful, failed } = topic.publishBatch([
      { id: '1', message: 'x', groupId: 'a' },
      { id: '2', message: 'y' },
      { id: '3', message: 'z', groupId: 'a' },
    ]);
    expect(successful.map(({ id }) => id)).toEqual(['1', '3']);
    expect(failed).toMatchObject([{ id: '2', code: 'InvalidParameter' }]);
    expect(bodies(queue.receive(10))).toEqual(['x', 'z']);
  });

  it.each([
    ['InvalidParameter', { message: '', groupId: 'a', deduplicationId: 'd' }],
    ['InvalidParameter', { message: 'x', deduplicationId: 'd' }],
    ['InvalidParameter', { message: 'x', groupId: 'a' }],
    ['InvalidParameter', { message: 'x'.repeat(262_145), groupId: 'a', deduplicationId: 'd' }],
    [
      'ParameterValueInvalid',
      { message: 'x', groupId: 'a', deduplicationId: 'd', messageAttributes: { a: attribute('') } },
    ],
  ])('refuses with %s what SNS refuses', (code, input) => {
    expect(codeOf(() => topicWithQueue().topic.publish(input))).toBe(code);
  });

  it('refuses a batch that is larger than one message may be', () => {
    const { topic } = topicWithQueue();
    const entries = ['1', '2'].map((id) => ({ id, message: 'x'.repeat(200_000), groupId: 'a', deduplicationId: id }));
    expect(codeOf(() => topic.publishBatch(entries))).toBe('BatchRequestTooLong');
  });
});

describe('a subscription', () => {
  it.each([
    [{ type: ['country', 'city'] }, { type: attribute('city') }, true],
    [{ type: ['country'] }, { type: attribute('city') }, false],
    [{ type: ['country'] }, {}, false],
    [{ type: ['country'], n: [1] }, { type: attribute('country'), n: attribute('1.0', 'Number') }, true],
    [{ type: ['country'] }, { type: attribute('["city","country"]', 'String.Array') }, true],
    [{ type: [{ prefix: 'co' }] }, { type: attribute('country') }, true],
    [{ type: [{ suffix: 'co' }] }, { type: attribute('country') }, false],
    [{ type: [{ exists: false }] }, {}, true],
    [{ type: [{ exists: true }] }, {}, false],
    [{ type: [{ 'anything-but': ['country'] }] }, { type: attribute('city') }, true],
    [{ type: [{ 'anything-but': { prefix: 'c' } }] }, { type: attribute('city') }, false],
    [{ n: [{ numeric: ['>', 0, '<=', 5] }] }, { n: attribute('5', 'Number') }, true],
    [{ n: [{ numeric: ['>', 0, '<=', 5] }] }, { n: attribute('5.1', 'Number') }, false],
  ])('with the filter %j on %j lets through: %s', (policy, messageAttributes, isDelivered) => {
    const { topic, queue, subscription } = topicWithQueue({}, { ...RAW, FilterPolicy: JSON.stringify(policy) });
    topic.publish({ message: 'x', groupId: 'a', deduplicationId: 'd', messageAttributes });
    expect(queue.counts().visible).toBe(isDelivered ? 1 : 0);
    expect(subscription.counts.filteredOut).toBe(isDelivered ? 0 : 1);
  });

  it.each([
    '[]',
    '{"a":"x"}',
    '{"a":[{"cidr":"10.0.0.0/8"}]}',
    '{"$or":[{"a":["x"]}]}',
    '{"a":[{"numeric":["~",1]}]}',
  ])('refuses the filter %s', (FilterPolicy) => {
    expect(codeOf(() => topicWithQueue({}, { FilterPolicy }))).toBe('InvalidParameter');
  });

  it('sends to its dead-letter queue what the queue cannot take any more', () => {
    const { messaging, fifoQueue, topic, queue, subscription } = topicWithQueue({}, RAW);
    const dead = fifoQueue('dead.fifo');
    subscription.setAttributes({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) });
    messaging.deleteQueue(queue.arn);
    topic.publish({ message: 'x', groupId: 'a', deduplicationId: 'd' });
    expect(dead.receive()).toMatchObject([{ body: 'x', groupId: 'a' }]);
    expect(subscription.counts).toEqual({ delivered: 0, filteredOut: 0, failed: 1, redrivenToDlq: 1 });
  });

  it('exists once per topic and queue, and ends with the topic', () => {
    const { messaging, topic, queue, subscription } = topicWithQueue({}, RAW);
    expect(messaging.subscribe(topic.arn, 'sqs', queue.arn, RAW)).toBe(subscription);
    expect(codeOf(() => messaging.subscribe(topic.arn, 'sqs', queue.arn, { RawMessageDelivery: 'false' }))).toBe(
      'InvalidParameter',
    );
    messaging.deleteTopic(topic.arn);
    expect(codeOf(() => messaging.subscription(subscription.arn))).toBe('NotFound');
    expect(codeOf(() => messaging.subscribe(topic.arn, 'sqs', queue.arn))).toBe('NotFound');
  });

  it('is for queues only', () => {
    const { messaging, topic } = topicWithQueue();
    expect(codeOf(() => messaging.subscribe(topic.arn, 'email', 'a@example.org'))).toBe('InvalidParameter');
  });
});
