// test/conformance tests what AWS documents. These tests are about behaviour that only the model has.
import { describe, expect, it } from 'vitest';
import { codeOf, virtualAccount } from './virtual-account.ts';

function topicWithQueue(subscriptionAttributes = {}) {
  const account = virtualAccount();
  const topic = account.messaging.createTopic('t.fifo', { FifoTopic: 'true' });
  const queue = account.fifoQueue('q.fifo');
  const subscription = account.messaging.subscribe(topic.arn, 'sqs', queue.arn, subscriptionAttributes);
  return { ...account, topic, queue, subscription };
}

const RAW = { RawMessageDelivery: 'true' };
const attribute = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });

it('a topic marks a duplicate and answers it with the ids of the first message', () => {
  const { topic } = topicWithQueue();
  const first = topic.publish({ message: 'x', groupId: 'a', deduplicationId: 'd' });
  const second = topic.publish({ message: 'y', groupId: 'b', deduplicationId: 'd' });
  expect([first.isDuplicate, second]).toEqual([false, { ...first, isDuplicate: true }]);
});

describe('a subscription', () => {
  it('a subscription counts the messages that its filter keeps out', () => {
    const { topic, subscription } = topicWithQueue({ ...RAW, FilterPolicy: '{"type":["country"]}' });
    for (const type of ['country', 'city'])
      topic.publish({
        message: type,
        groupId: 'a',
        deduplicationId: type,
        messageAttributes: { type: attribute(type) },
      });
    expect(subscription.counts).toEqual({ delivered: 1, filteredOut: 1, failed: 0, redrivenToDlq: 0 });
  });

  it('a changed filter policy acts 15 minutes after the change, and the filter of a new subscription at once', () => {
    const { topic, queue, subscription, clock } = topicWithQueue({ ...RAW, FilterPolicy: '{"type":["country"]}' });
    let published = 0;
    const received = (type: string): boolean => {
      published += 1;
      const ids = { groupId: `${published}`, deduplicationId: `${published}` };
      topic.publish({ message: type, ...ids, messageAttributes: { type: attribute(type) } });
      const messages = queue.receive();
      for (const { receiptHandle } of messages) queue.delete(receiptHandle);
      return messages.length > 0;
    };
    expect([received('country'), received('city')]).toEqual([true, false]);
    subscription.setAttributes({ FilterPolicy: '{"type":["city"]}' });
    expect(subscription.attributes()).toMatchObject({ FilterPolicy: '{"type":["city"]}' });
    clock.ms += 10 * 60_000;
    subscription.setAttributes({ FilterPolicy: '{"type":["river"]}' });
    clock.ms += 5 * 60_000 - 1;
    expect([received('country'), received('city')]).toEqual([true, false]);
    clock.ms += 1;
    expect([received('country'), received('city'), received('river')]).toEqual([false, true, false]);
    clock.ms += 10 * 60_000;
    expect([received('city'), received('river')]).toEqual([false, true]);
  });

  it.each([
    '{"a":[{"cidr":"10.0.0.0/8"}]}',
    '{"$or":[{"a":["x"]}]}',
  ])('a subscription refuses the filter %s, which AWS accepts and the local cloud does not emulate', (FilterPolicy) => {
    expect(codeOf(() => topicWithQueue({ FilterPolicy }))).toBe('InvalidParameter');
  });

  it('a subscription counts the messages that go to its dead-letter queue', () => {
    const { messaging, fifoQueue, topic, queue, subscription } = topicWithQueue(RAW);
    const dead = fifoQueue('dead.fifo');
    subscription.setAttributes({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) });
    messaging.deleteQueue(queue.arn);
    topic.publish({ message: 'x', groupId: 'a', deduplicationId: 'd' });
    expect(subscription.counts).toEqual({ delivered: 0, filteredOut: 0, failed: 1, redrivenToDlq: 1 });
  });

  it('a subscription is deleted with its topic', () => {
    const { messaging, topic, queue, subscription } = topicWithQueue(RAW);
    messaging.deleteTopic(topic.arn);
    expect(codeOf(() => messaging.subscription(subscription.arn))).toBe('NotFound');
    expect(codeOf(() => messaging.subscribe(topic.arn, 'sqs', queue.arn))).toBe('NotFound');
  });

  it('a subscription of anything but a queue is refused', () => {
    const { messaging, topic } = topicWithQueue();
    expect(codeOf(() => messaging.subscribe(topic.arn, 'email', 'a@example.org'))).toBe('InvalidParameter');
  });
});
