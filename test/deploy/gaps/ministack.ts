import { UpdateContinuousBackupsCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { SetTopicAttributesCommand } from '@aws-sdk/client-sns';
import * as z from 'zod';
import type { Clients } from '../clients.ts';
import type { DeployedResource } from '../template.ts';
import type { Gap, Gaps, Refusal } from './gap.ts';

const timeToLive = z.object({ AttributeName: z.string(), Enabled: z.boolean() });
const recovery = z.object({ PointInTimeRecoveryEnabled: z.boolean() });

const setTopicAttribute =
  (name: string) =>
  ({ sns }: Clients, { physicalId }: DeployedResource, value: unknown) =>
    sns.send(
      new SetTopicAttributesCommand({ TopicArn: physicalId, AttributeName: name, AttributeValue: String(value) }),
    );

/** The properties that MiniStack 1.5.33 drops. The suite fails if any other property is missing. */
const dropped: readonly Gap[] = [
  { type: 'AWS::SNS::Topic', property: 'FifoTopic', set: setTopicAttribute('FifoTopic') },
  {
    type: 'AWS::SNS::Topic',
    property: 'ContentBasedDeduplication',
    set: setTopicAttribute('ContentBasedDeduplication'),
  },
  { type: 'AWS::SNS::Topic', property: 'KmsMasterKeyId', set: setTopicAttribute('KmsMasterKeyId') },
  { type: 'AWS::SNS::Topic', property: 'MaximumMessageSize', set: setTopicAttribute('MaximumMessageSize') },
  {
    type: 'AWS::DynamoDB::Table',
    property: 'TimeToLiveSpecification',
    set: ({ dynamoDb }, { physicalId: TableName }, value) =>
      dynamoDb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: timeToLive.parse(value) })),
  },
  {
    type: 'AWS::DynamoDB::Table',
    property: 'PointInTimeRecoverySpecification',
    set: ({ dynamoDb }, { physicalId: TableName }, value) =>
      dynamoDb.send(
        new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification: recovery.parse(value) }),
      ),
  },
];

/**
 * The batch call of each single call. On AWS, the permission of the single call is enough (service authorization
 * reference, SNS and SQS). On MiniStack, the batch call needs its own permission.
 */
const BATCH_CALLS: Readonly<Record<string, string>> = {
  'sns:Publish': 'sns:PublishBatch',
  'sqs:SendMessage': 'sqs:SendMessageBatch',
  'sqs:DeleteMessage': 'sqs:DeleteMessageBatch',
  'sqs:ChangeMessageVisibility': 'sqs:ChangeMessageVisibilityBatch',
};

const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const policy = z.object({
  PolicyDocument: z.object({ Statement: z.array(z.object({ Action: oneOrMore, Resource: z.unknown() })) }),
  Roles: z.array(z.string()),
});

/** Allows each role the batch call of every single call that its policy allows, on the same resources. */
async function allowBatchCalls({ iam }: Clients, resources: readonly DeployedResource[]): Promise<string[]> {
  let count = 0;
  for (const { type, properties } of resources) {
    if (type !== 'AWS::IAM::Policy') continue;
    const { PolicyDocument, Roles } = policy.parse(properties);
    const batchStatements = PolicyDocument.Statement.map(({ Action, Resource }) => ({
      Effect: 'Allow',
      Action: Action.flatMap((action) => BATCH_CALLS[action] ?? []),
      Resource,
    })).filter(({ Action }) => Action.length > 0);
    if (batchStatements.length === 0) continue;
    const document = JSON.stringify({ Version: '2012-10-17', Statement: batchStatements });
    for (const RoleName of Roles) {
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'BatchCalls', PolicyDocument: document }));
    }
    count += 1;
  }
  return [`AWS::IAM::Policy: lacks the permissions of batch calls, so allowed afterwards (${count})`];
}

const onMetricMath = z.looseObject({
  Metrics: z.array(
    z.looseObject({ MetricStat: z.optional(z.looseObject({ Metric: z.looseObject({}), Period: z.number() })) }),
  ),
});
const composite = z.looseObject({ AlarmRule: z.unknown() });

/** The resources that MiniStack's CloudFormation refuses. */
const refused: readonly Refusal[] = [
  {
    what: 'AWS::CloudWatch::Alarm on metric math: refused, so replaced by an alarm on one of its metrics',
    instead(resource) {
      const { Metrics, ...others } = onMetricMath.safeParse(resource.Properties).data ?? {};
      if (resource.Type !== 'AWS::CloudWatch::Alarm' || Metrics === undefined) return undefined;
      const { Metric, Period } = Metrics.find(({ MetricStat }) => MetricStat !== undefined)?.MetricStat ?? {};
      return {
        ...resource,
        Properties: { ...STAND_IN, ...others, ...Metric, ...(Period !== undefined && { Period }) },
      };
    },
  },
  {
    what: 'AWS::CloudWatch::CompositeAlarm: refused, so replaced by an alarm on a metric',
    instead(resource) {
      const { AlarmRule, ...others } = composite.safeParse(resource.Properties).data ?? {};
      if (resource.Type !== 'AWS::CloudWatch::CompositeAlarm' || AlarmRule === undefined) return undefined;
      const comparison = { ComparisonOperator: 'GreaterThanThreshold', Threshold: 0, EvaluationPeriods: 1 };
      return { ...resource, Type: 'AWS::CloudWatch::Alarm', Properties: { ...STAND_IN, ...comparison, ...others } };
    },
  },
  {
    what: 'AWS::CloudWatch::InsightRule: refused, so left out',
    instead: ({ Type }) => (Type === 'AWS::CloudWatch::InsightRule' ? 'left out' : undefined),
  },
];

/** The metric of a replacement alarm, unless the alarm's own metric is known. */
const STAND_IN = { Namespace: 'StandIn', MetricName: 'StandIn', Period: 60, Statistic: 'Average' };

/** MiniStack 1.5.33. */
export const MINISTACK: Gaps = {
  health: '/_ministack/health',
  dropped,
  refused,
  allow: allowBatchCalls,
  addsIndexes: true,
  searchesLogs: true,
  slowness: 1,
  notCovered: [
    'whether CloudFormation accepts alarms on metric math, composite alarms and Contributor Insights rules',
    'what these alarms and rules watch',
    "the Lambda action of an alarm, and the policies of the alarms' topic and of its key",
    'the metrics of the services, and the metrics that functions log',
    'a relay that publishes only a part of a batch',
    'groups of one queue in parallel',
    'messages above 256 KiB, which a topic refuses',
    'expiry of items, throttling and quotas',
  ],
};
