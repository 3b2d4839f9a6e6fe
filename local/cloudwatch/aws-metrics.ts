import type { Messaging } from '../fifo/messaging.ts';
import type { Queue } from '../fifo/queue.ts';
import type { Topic } from '../fifo/topic.ts';
import type { EndedInvocation } from '../lambda/function-pool.ts';
import type { MetricStore } from './metric-store.ts';

/**
 * AWS's metrics that the local cloud writes: sqs/sqs-available-cloudwatch-metrics, sns/sns-monitoring-using-cloudwatch,
 * lam/monitoring-metrics-types.
 */
export const AWS_METRICS: Readonly<Record<string, readonly string[]>> = {
  'AWS/SQS': [
    'ApproximateAgeOfOldestMessage',
    'ApproximateNumberOfGroupsWithInflightMessages',
    'ApproximateNumberOfMessagesDelayed',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesVisible',
    'NumberOfMessagesDeleted',
    'NumberOfMessagesReceived',
    'NumberOfMessagesSent',
  ],
  'AWS/SNS': [
    'NumberOfMessagesPublished',
    'NumberOfNotificationsDelivered',
    'NumberOfNotificationsFailed',
    'NumberOfNotificationsFilteredOut',
    'NumberOfNotificationsRedrivenToDlq',
  ],
  'AWS/Lambda': ['ConcurrentExecutions', 'Duration', 'Errors', 'Invocations', 'IteratorAge', 'Throttles'],
};

/** Why the local cloud doesn't write a metric. Undefined if it writes the metric, or if a function may write it. */
export function whyNotWritten(namespace: string, metric: string): string | undefined {
  if (!namespace.startsWith('AWS/')) return undefined;
  const written = AWS_METRICS[namespace];
  if (written === undefined) return `the local cloud doesn't write metrics of ${namespace}`;
  return written.includes(metric) ? undefined : `the local cloud doesn't write ${metric} of ${namespace}`;
}

/** Writes the metrics of AWS/SQS and AWS/SNS. */
export interface Sampler {
  /** Writes the metrics of all queues and topics. */
  sample(): void;
}

/** Writes the metrics of one queue or topic. */
type Sample = (atMs: number) => void;

/**
 * Creates a sampler. Call `sample` once a second. Each sample counts the events since the previous sample. A sample
 * writes zeros too, as AWS does for a queue in use.
 */
export function createSampler(messaging: Messaging, metrics: MetricStore): Sampler {
  const samples = new WeakMap<Queue | Topic, Sample>();
  const sampleOf = <T extends Queue | Topic>(one: T, create: (one: T, metrics: MetricStore) => Sample): Sample => {
    const sample = samples.get(one) ?? create(one, metrics);
    samples.set(one, sample);
    return sample;
  };
  return {
    sample() {
      const atMs = messaging.now();
      for (const queue of messaging.queues.list()) sampleOf(queue, queueSample)(atMs);
      for (const topic of messaging.topics.list()) sampleOf(topic, topicSample)(atMs);
    },
  };
}

function queueSample(queue: Queue, metrics: MetricStore): Sample {
  const recorder = recorders('AWS/SQS', { QueueName: queue.name }, metrics);
  const put = {
    age: recorder('ApproximateAgeOfOldestMessage'),
    visible: recorder('ApproximateNumberOfMessagesVisible'),
    inFlight: recorder('ApproximateNumberOfMessagesNotVisible'),
    delayed: recorder('ApproximateNumberOfMessagesDelayed'),
    groups: queue.isFifo ? recorder('ApproximateNumberOfGroupsWithInflightMessages') : () => {},
    sent: growth(recorder('NumberOfMessagesSent')),
    received: growth(recorder('NumberOfMessagesReceived')),
    deleted: growth(recorder('NumberOfMessagesDeleted')),
  };
  return (atMs) => {
    const { visible, inFlight, delayed } = queue.counts();
    const ageMs = atMs - (queue.oldestArrivedAtMs() ?? atMs);
    put.age(Math.floor(ageMs / 1000), atMs);
    put.visible(visible, atMs);
    put.inFlight(inFlight, atMs);
    put.delayed(delayed, atMs);
    put.groups(queue.groupsInFlight(), atMs);
    const { sent, received, deleted } = queue.totals;
    put.sent(sent, atMs);
    put.received(received, atMs);
    put.deleted(deleted, atMs);
  };
}

function topicSample(topic: Topic, metrics: MetricStore): Sample {
  const recorder = recorders('AWS/SNS', { TopicName: topic.name }, metrics);
  const published = growth(recorder('NumberOfMessagesPublished'));
  const counts = [
    ['delivered', growth(recorder('NumberOfNotificationsDelivered'))],
    ['failed', growth(recorder('NumberOfNotificationsFailed'))],
    ['filteredOut', growth(recorder('NumberOfNotificationsFilteredOut'))],
    ['redrivenToDlq', growth(recorder('NumberOfNotificationsRedrivenToDlq'))],
  ] as const;
  return (atMs) => {
    published(topic.accepted(), atMs);
    const subscriptions = [...topic.subscriptions.values()];
    for (const [name, put] of counts)
      put(
        subscriptions.reduce((sum, each) => sum + each.counts[name], 0),
        atMs,
      );
  };
}

type Put = (value: number, atMs: number) => void;

function recorders(namespace: string, dimensions: Record<string, string>, metrics: MetricStore): (name: string) => Put {
  return (metric) => metrics.recorder({ namespace, metric, dimensions });
}

/** Writes the growth of a total. A topic's total shrinks when a subscription is removed; the growth is then zero. */
function growth(put: Put): Put {
  let before = 0;
  return (total, atMs) => {
    put(Math.max(0, total - before), atMs);
    before = total;
  };
}

/**
 * Writes the metrics of AWS/Lambda, one value for each invocation. As on AWS, it writes zeros for errors and throttles.
 */
export function createLambdaMetrics(metrics: MetricStore, now: () => number) {
  const put = (functionName: string, values: Readonly<Record<string, number>>): void => {
    const atMs = now();
    for (const [metric, value] of Object.entries(values))
      metrics.put('AWS/Lambda', metric, { FunctionName: functionName }, value, atMs);
  };
  return {
    onInvocation: (functionName: string, { ok, durationMs, concurrent }: EndedInvocation) =>
      put(functionName, {
        Invocations: 1,
        Errors: ok ? 0 : 1,
        Throttles: 0,
        Duration: durationMs,
        ConcurrentExecutions: concurrent,
      }),
    onThrottle: (functionName: string) => put(functionName, { Throttles: 1 }),
    /** Called when a batch of a stream goes to its function. @param lastRecordAtMs when its last record was written */
    onStreamBatch: (functionName: string, lastRecordAtMs: number) =>
      put(functionName, { IteratorAge: Math.max(0, now() - lastRecordAtMs) }),
  };
}
