import { CloudWatchClient, type DescribeAlarmsCommandOutput } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { readAlarms } from '../../cli/alarms.ts';
import type { Watched } from '../../cli/watched.ts';

const queue = (name: string) => `https://sqs.eu-central-1.amazonaws.com/123456789012/${name}`;
const options = { region: 'eu-central-1' };

/** An owner and a cache whose CloudWatch answers with these alarms, whatever it is asked. */
function watchedWith(answer: Partial<DescribeAlarmsCommandOutput>): Watched {
  const metrics = new CloudWatchClient(options);
  const output = { $metadata: {}, ...answer };
  metrics.middlewareStack.add(() => async () => ({ output, response: {} }), { step: 'initialize' });
  const clients = {
    ...{ metrics, tables: new DynamoDBClient(options), queues: new SQSClient(options) },
    functions: new LambdaClient(options),
  };
  const owner = {
    ...{ role: 'owner' as const, boundary: 'geography', table: 'Owner', topicArn: 'arn:aws:sns:x:1:topic.fifo' },
    ...{ relay: 'relay', governor: 'governor', flowTable: 'Flow', failureQueueUrl: queue('f'), parkingTable: 'P1' },
  };
  const cache = {
    ...{ role: 'cache' as const, boundary: 'ordering', table: 'Cache', queueUrl: queue('q.fifo') },
    ...{ deadLetterQueueUrl: queue('d.fifo'), subscriptionDeadLetterQueueUrl: queue('s.fifo'), parkingTable: 'P2' },
    ...{ gapQueueUrl: queue('g'), projector: 'projector', repair: 'repair', report: 'report' },
  };
  return {
    owners: [{ name: 'geography', deployed: owner }],
    caches: [{ name: 'ordering', deployed: cache, types: undefined }],
    ...{ clients, place: 'AWS', isLocal: false, close: () => {} },
  };
}

const metric = (Namespace: string, Name: string, Value: string) => ({
  MetricName: 'M',
  Namespace,
  Dimensions: [{ Name, Value }],
});

describe('the alarms that are told', () => {
  test('are about what is looked at: by boundary, by queue, function or topic, or by a part of their expression', async () => {
    const part = { Id: 'm', MetricStat: { Metric: metric('AWS/SQS', 'QueueName', 'q.fifo'), Period: 60, Stat: 'Sum' } };
    const StateTransitionedTimestamp = new Date('2026-01-01T00:00:00Z');
    const MetricAlarms = [
      { AlarmName: 'lag', AlarmDescription: 'Lags.', ...metric('Freshet', 'service', 'ordering') },
      { AlarmName: 'relay', StateTransitionedTimestamp, ...metric('AWS/Lambda', 'FunctionName', 'relay') },
      { AlarmName: 'topic', ...metric('AWS/SNS', 'TopicName', 'topic.fifo') },
      { AlarmName: 'stalled', Metrics: [{ Id: 'e', Expression: 'm > 0' }, part] },
      { AlarmName: 'another service', ...metric('AWS/SQS', 'QueueName', 'ordering') },
      { AlarmName: 'another boundary', ...metric('Freshet', 'service', 'billing') },
    ];
    expect(await readAlarms(watchedWith({ MetricAlarms }))).toEqual([
      { name: 'lag', boundary: 'ordering', description: 'Lags.', since: null },
      { name: 'relay', boundary: 'geography', description: '', since: '2026-01-01T00:00:00.000Z' },
      { name: 'topic', boundary: 'geography', description: '', since: null },
      { name: 'stalled', boundary: 'ordering', description: '', since: null },
    ]);
  });

  test('include one on others, about what those are about', async () => {
    const MetricAlarms = [{ AlarmName: 'lag', ...metric('Freshet', 'service', 'ordering') }];
    const CompositeAlarms = [
      { AlarmName: 'behind', AlarmRule: 'ALARM("stalled") OR (ALARM("lag") AND NOT ALARM("parked"))' },
      { AlarmName: 'elsewhere', AlarmRule: 'ALARM("lagging")' },
    ];
    const told = await readAlarms(watchedWith({ MetricAlarms, CompositeAlarms }));
    expect(told.map(({ name, boundary }) => `${boundary}: ${name}`)).toEqual(['ordering: behind', 'ordering: lag']);
  });
});
