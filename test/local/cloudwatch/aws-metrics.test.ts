import { expect, test } from 'vitest';
import { createLambdaMetrics, createSampler, whyNotWritten } from '../../../local/cloudwatch/aws-metrics.ts';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { send, virtualAccount } from '../fifo/virtual-account.ts';

function sampled() {
  const account = virtualAccount();
  const now = () => account.clock.ms;
  const metrics = createMetricStore(now);
  const { sample } = createSampler(account.messaging, metrics);
  const latest = (namespace: string, metric: string, dimensions: Record<string, string>) => {
    const second = Math.floor(now() / 1000) * 1000;
    const periods = { startMs: second, endMs: second + 1000, periodMs: 1000 };
    return metrics.datapoints({ namespace, metric, dimensions }, 'Sum', periods)[0]?.value;
  };
  /** Takes a sample and returns all metrics of a queue under short names. */
  const look = (QueueName: string) => {
    account.clock.ms += 1000;
    sample();
    const of = (metric: string) => latest('AWS/SQS', metric, { QueueName });
    const state = ['Visible', 'NotVisible', 'Delayed'].map((each) => of(`ApproximateNumberOfMessages${each}`));
    const happened = ['Sent', 'Received', 'Deleted'].map((each) => of(`NumberOfMessages${each}`));
    const age = of('ApproximateAgeOfOldestMessage');
    return { state, happened, age, groups: of('ApproximateNumberOfGroupsWithInflightMessages') };
  };
  return { ...account, metrics, latest, look, sample };
}

test("a queue's metrics have its current counts and the events since the previous sample", () => {
  const { fifoQueue, look } = sampled();
  const queue = fifoQueue('q.fifo');
  expect(look('q.fifo')).toEqual({ state: [0, 0, 0], happened: [0, 0, 0], age: 0, groups: 0 });
  for (const group of ['a', 'a', 'b', 'c']) send(queue, group, group);
  const received = queue.receive(3);
  queue.delete(received[0]?.receiptHandle ?? '');
  expect(look('q.fifo')).toEqual({ state: [1, 2, 0], happened: [4, 3, 1], age: 1, groups: 2 });
  for (const { receiptHandle } of received.slice(1)) queue.delete(receiptHandle);
  expect(look('q.fifo')).toEqual({ state: [1, 0, 0], happened: [0, 0, 2], age: 2, groups: 0 });
});

test('the metrics of a queue do not count a duplicate as sent', () => {
  const { fifoQueue, look } = sampled();
  const queue = fifoQueue('q.fifo');
  const message = { body: 'x', groupId: 'a', deduplicationId: 'same' };
  queue.send(message);
  queue.sendBatch([
    { id: '1', ...message },
    { id: '2', ...message, deduplicationId: 'other' },
  ]);
  expect(look('q.fifo').happened).toEqual([2, 0, 0]);
});

test('the age metric of a queue is that of the oldest message that was not deleted, even in flight', () => {
  const { fifoQueue, look, clock } = sampled();
  const queue = fifoQueue('q.fifo', { VisibilityTimeout: '30' });
  send(queue, 'stuck', '1');
  clock.ms += 9_000;
  queue.receive();
  for (let round = 0; round < 1000; round += 1) {
    send(queue, 'flowing', '2');
    for (const { receiptHandle } of queue.receive()) queue.delete(receiptHandle);
  }
  expect(look('q.fifo').age).toBe(10);
  clock.ms += 60_000;
  for (const { receiptHandle } of queue.receive()) queue.delete(receiptHandle);
  expect(look('q.fifo').age).toBe(0);
});

test('the age of a message in a dead-letter queue counts from its move to that queue', () => {
  const { messaging, look, clock } = sampled();
  const dead = messaging.createQueue('dead');
  const redrive = { deadLetterTargetArn: dead.arn, maxReceiveCount: 1 };
  const queue = messaging.createQueue('q', { RedrivePolicy: JSON.stringify(redrive), VisibilityTimeout: '10' });
  queue.send({ body: 'x' });
  queue.receive();
  clock.ms += 10_000;
  queue.receive();
  const seen = look('dead');
  expect(seen).toMatchObject({ state: [1, 0, 0], happened: [0, 0, 0], age: 1 });
});

test("a topic's metrics count its messages and their deliveries", () => {
  const { messaging, fifoQueue, latest, clock, sample } = sampled();
  const topic = messaging.createTopic('t.fifo', { FifoTopic: 'true' });
  messaging.subscribe(topic.arn, 'sqs', fifoQueue('q.fifo').arn);
  messaging.subscribe(topic.arn, 'sqs', `${fifoQueue('q.fifo').arn.replace('q.fifo', 'gone.fifo')}`);
  for (const message of ['1', '2', '2']) topic.publish({ message, groupId: 'a', deduplicationId: message });
  clock.ms += 1000;
  sample();
  const of = (metric: string) => latest('AWS/SNS', metric, { TopicName: 't.fifo' });
  expect(of('NumberOfMessagesPublished')).toBe(3);
  expect(of('NumberOfNotificationsDelivered')).toBe(2);
  expect(of('NumberOfNotificationsFailed')).toBe(2);
  expect(of('NumberOfNotificationsRedrivenToDlq')).toBe(0);
});

test("a function's metrics count its invocations, with zeros for errors that did not occur", () => {
  const { metrics, latest, clock } = sampled();
  const lambda = createLambdaMetrics(metrics, () => clock.ms);
  lambda.onInvocation('f', { ok: true, durationMs: 12, memoryMb: 512, concurrent: 1 });
  lambda.onInvocation('f', { ok: false, durationMs: 8, memoryMb: 512, concurrent: 2 });
  lambda.onThrottle('f');
  lambda.onStreamBatch('f', clock.ms - 3_000);
  const of = (metric: string) => latest('AWS/Lambda', metric, { FunctionName: 'f' });
  const sums = ['Invocations', 'Errors', 'Throttles', 'Duration', 'ConcurrentExecutions', 'IteratorAge'].map(of);
  expect(sums).toEqual([2, 1, 1, 20, 3, 3_000]);
});

test.each([
  ['Freshet', 'LeadTime', undefined],
  ['AWS/SQS', 'NumberOfMessagesSent', undefined],
  ['AWS/SQS', 'SentMessageSize', "the local cloud doesn't write SentMessageSize of AWS/SQS"],
  ['AWS/DynamoDB', 'WriteThrottleEvents', "the local cloud doesn't write metrics of AWS/DynamoDB"],
])('the reason why %s %s is not written locally is %s', (namespace, metric, why) => {
  expect(whyNotWritten(namespace, metric)).toBe(why);
});
