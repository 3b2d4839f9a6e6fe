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

/** A queue of facts, a topic of facts, a saga and its effects. */
const facts = {
  factTopics: [
    {
      role: 'facts' as const,
      boundary: 'sales',
      table: 'Facts',
      topicArn: 'arn:aws:sns:x:1:facts.fifo',
      failureQueueUrl: queue('ff'),
      relay: 'fact-relay',
    },
  ],
  factQueues: [
    {
      name: 'charges',
      deployed: {
        role: 'fact-queue' as const,
        name: 'charges',
        queueUrl: queue('c.fifo'),
        deadLetterQueueUrl: queue('cd.fifo'),
        subscriptionDeadLetterQueueUrl: queue('cu.fifo'),
        parkingTable: 'P3',
      },
    },
  ],
  sagas: [{ role: 'saga' as const, name: 'shipping', table: 'Saga', decider: 'decider', deadlines: 'deadlines' }],
  effects: [
    { role: 'effects' as const, name: 'shipping', table: 'Saga', handler: 'printer', failureQueueUrl: queue('ef') },
  ],
};

/** A deployment with an owner and a cache, whose CloudWatch always returns the same alarms. */
function deploymentWith(answer: Partial<DescribeAlarmsCommandOutput>): Parameters<typeof readAlarms>[0] {
  const metrics = new CloudWatchClient({ region: 'eu-central-1' });
  const output = { $metadata: {}, ...answer };
  metrics.middlewareStack.add(() => async () => ({ output, response: {} }), { step: 'initialize' });
  return {
    owners: [{ name: 'geography', deployed: owner }],
    caches: [{ name: 'ordering', deployed: cache }],
    ...facts,
    stacks: ['Test-Payment'],
    isLocal: false,
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

  test('an alarm belongs to a queue of facts, a topic of facts or a saga of the deployment', async () => {
    const MetricAlarms = [
      { AlarmName: 'parked', ...ours('charges:queue', 'Test-Payment') },
      { AlarmName: 'waiting', ...metric('AWS/SQS', 'QueueName', 'c.fifo') },
      { AlarmName: 'delayed', ...metric('AWS/Lambda', 'FunctionName', 'fact-relay') },
      { AlarmName: 'overdue', ...ours('shipping', 'Test-Payment') },
      { AlarmName: 'printer', ...metric('AWS/Lambda', 'FunctionName', 'printer') },
      { AlarmName: 'another stage', ...ours('charges:queue', 'Dev-Payment') },
    ];
    const told = await readAlarms(deploymentWith({ MetricAlarms }));
    expect(told.map(({ name, boundary }) => `${boundary}: ${name}`)).toEqual([
      'charges: parked',
      'charges: waiting',
      'sales: delayed',
      'shipping: overdue',
      'shipping: printer',
    ]);
  });

  test('an alarm about the function of a queue of facts belongs to the queue by its name and its entry of the runbook', async () => {
    const about = metric('AWS/Lambda', 'FunctionName', 'charge');
    const AlarmDescription = '[page] It crashes. Runbook: https://example.com/runbook#facts-crashing';
    const MetricAlarms = [
      { AlarmName: 'Shop-charges-facts-crashing', AlarmDescription, ...about },
      { AlarmName: 'Shop-refunds-facts-crashing', AlarmDescription, ...about },
    ];
    const told = await readAlarms(deploymentWith({ MetricAlarms }));
    expect(told.map(({ name, boundary }) => `${boundary}: ${name}`)).toEqual(['charges: Shop-charges-facts-crashing']);
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
