import { CloudWatchClient, type DescribeAlarmsCommandOutput } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import { readAlarms } from '../../../cli/observe/alarms.ts';
import { dimensionsOf } from '../../../core/metrics.ts';

const queue = (name: string) => `https://sqs.eu-central-1.amazonaws.com/123456789012/${name}`;

const owner = {
  role: 'owner' as const,
  boundary: 'geography',
  stack: 'Test-Geography',
  table: 'Owner',
  topicArn: 'arn:aws:sns:x:1:topic.fifo',
  relay: 'relay',
  governor: 'governor',
  flowTable: 'Flow',
  failureQueueUrl: queue('f'),
  parkingTable: 'P1',
};

const cache = {
  role: 'cache' as const,
  boundary: 'ordering',
  stack: 'Test-Ordering',
  table: 'Cache',
  queueUrl: queue('q.fifo'),
  deadLetterQueueUrl: queue('d.fifo'),
  subscriptionDeadLetterQueueUrl: queue('s.fifo'),
  parkingTable: 'P2',
  gapQueueUrl: queue('g'),
  projector: 'projector',
  repair: 'repair',
  report: 'report',
};

/** A deployment with an owner and a cache, whose CloudWatch always returns the same alarms. */
function deploymentWith(answer: Partial<DescribeAlarmsCommandOutput>): Parameters<typeof readAlarms>[0] {
  const metrics = new CloudWatchClient({ region: 'eu-central-1' });
  const output = { $metadata: {}, ...answer };
  metrics.middlewareStack.add(() => async () => ({ output, response: {} }), { step: 'initialize' });
  return {
    owners: [{ name: 'geography', deployed: owner }],
    caches: [{ name: 'ordering', deployed: cache }],
    clients: { metrics },
  };
}

const metric = (Namespace: string, Name: string, Value: string) => ({
  MetricName: 'M',
  Namespace,
  Dimensions: [{ Name, Value }],
});

/** A metric of Freshet, of an emitter in a stack. */
const ours = (name: string, stack: string) => ({
  MetricName: 'M',
  Namespace: 'Freshet',
  Dimensions: Object.entries(dimensionsOf({ name, stack })).map(([Name, Value]) => ({ Name, Value })),
});

describe('readAlarms', () => {
  test('an alarm belongs to an owner or cache by its boundary and stack, by a queue, function or topic, or by a metric of its expression', async () => {
    const part = { Id: 'm', MetricStat: { Metric: metric('AWS/SQS', 'QueueName', 'q.fifo'), Period: 60, Stat: 'Sum' } };
    const StateTransitionedTimestamp = new Date('2026-01-01T00:00:00Z');
    const MetricAlarms = [
      { AlarmName: 'lag', AlarmDescription: 'Lags.', ...ours('ordering', 'Test-Ordering') },
      { AlarmName: 'relay', StateTransitionedTimestamp, ...metric('AWS/Lambda', 'FunctionName', 'relay') },
      { AlarmName: 'topic', ...metric('AWS/SNS', 'TopicName', 'topic.fifo') },
      { AlarmName: 'stalled', Metrics: [{ Id: 'e', Expression: 'm > 0' }, part] },
      { AlarmName: 'another service', ...metric('AWS/SQS', 'QueueName', 'ordering') },
      { AlarmName: 'another boundary', ...ours('billing', 'Test-Ordering') },
      { AlarmName: 'another stage', ...ours('ordering', 'Dev-Ordering') },
    ];
    expect(await readAlarms(deploymentWith({ MetricAlarms }))).toEqual([
      { name: 'lag', boundary: 'ordering', description: 'Lags.', since: null },
      { name: 'relay', boundary: 'geography', description: '', since: '2026-01-01T00:00:00.000Z' },
      { name: 'topic', boundary: 'geography', description: '', since: null },
      { name: 'stalled', boundary: 'ordering', description: '', since: null },
    ]);
  });

  test('a composite alarm belongs to the owner or cache of an alarm in its rule', async () => {
    const MetricAlarms = [{ AlarmName: 'lag', ...ours('ordering', 'Test-Ordering') }];
    const CompositeAlarms = [
      { AlarmName: 'behind', AlarmRule: 'ALARM("stalled") OR (ALARM("lag") AND NOT ALARM("parked"))' },
      { AlarmName: 'elsewhere', AlarmRule: 'ALARM("lagging")' },
    ];
    const told = await readAlarms(deploymentWith({ MetricAlarms, CompositeAlarms }));
    expect(told.map(({ name, boundary }) => `${boundary}: ${name}`)).toEqual(['ordering: behind', 'ordering: lag']);
  });
});
