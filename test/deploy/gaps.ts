import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UpdateContinuousBackupsCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { SetTopicAttributesCommand } from '@aws-sdk/client-sns';
import * as z from 'zod';
import type { Clients } from './clients.ts';
import type { Difference } from './settings.ts';
import { type DeployedResource, readTemplates, type Template } from './template.ts';

/** A property that MiniStack's CloudFormation takes and forgets. */
interface Gap {
  readonly type: string;
  readonly property: string;
  /** Sets it as the template says. */
  readonly set: (clients: Clients, resource: DeployedResource, value: unknown) => Promise<unknown>;
}

const timeToLive = z.object({ AttributeName: z.string(), Enabled: z.boolean() });
const recovery = z.object({ PointInTimeRecoveryEnabled: z.boolean() });

const setTopicAttribute =
  (name: string) =>
  ({ sns }: Clients, { physicalId }: DeployedResource, value: unknown) =>
    sns.send(
      new SetTopicAttributesCommand({ TopicArn: physicalId, AttributeName: name, AttributeValue: String(value) }),
    );

/** What MiniStack 1.5.33 drops of the templates. A property that is missing and isn't here fails the suite. */
const DROPPED: readonly Gap[] = [
  { type: 'AWS::SNS::Topic', property: 'FifoTopic', set: setTopicAttribute('FifoTopic') },
  {
    type: 'AWS::SNS::Topic',
    property: 'ContentBasedDeduplication',
    set: setTopicAttribute('ContentBasedDeduplication'),
  },
  { type: 'AWS::SNS::Topic', property: 'KmsMasterKeyId', set: setTopicAttribute('KmsMasterKeyId') },
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

/** Sets what was dropped; returns what it set, as lines to print. */
export async function fillGaps(clients: Clients, dropped: readonly Difference[]): Promise<string[]> {
  const lines: string[] = [];
  for (const { type, property, set } of DROPPED) {
    const found = dropped.filter((one) => one.resource.type === type && one.property === property);
    for (const { resource, expected } of found) await set(clients, resource, expected);
    if (found.length > 0) lines.push(`${type} ${property}: set from the template (${found.length})`);
  }
  return lines;
}

/** A batch call is authorised as the single call on AWS (service authorization reference, SNS and SQS); MiniStack asks for it by its own name. */
const BATCH_CALLS: Readonly<Record<string, string>> = {
  'sns:Publish': 'sns:PublishBatch',
  'sqs:SendMessage': 'sqs:SendMessageBatch',
  'sqs:DeleteMessage': 'sqs:DeleteMessageBatch',
  'sqs:ChangeMessageVisibility': 'sqs:ChangeMessageVisibilityBatch',
};

/** What MiniStack can't show at all. */
export const NOT_COVERED = [
  'alarms on metric maths, composite alarms, Contributor Insights rules: that CloudFormation takes them, and what they watch',
  "an alarm's Lambda action; the policies of the alarms' topic and key",
  'metrics: of the services, and what functions log',
  "a relay's partial batch failure",
  'groups of one queue side by side',
  'expiry, throttling, quotas',
] as const;

const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const policy = z.object({
  PolicyDocument: z.object({ Statement: z.array(z.object({ Action: oneOrMore, Resource: z.unknown() })) }),
  Roles: z.array(z.string()),
});

/** Lets the roles make the batch calls whose single calls the templates allow them, on the same resources. */
export async function allowBatchCalls({ iam }: Clients, resources: readonly DeployedResource[]): Promise<string[]> {
  let count = 0;
  for (const { type, properties } of resources) {
    if (type !== 'AWS::IAM::Policy') continue;
    const { PolicyDocument, Roles } = policy.parse(properties);
    const twins = PolicyDocument.Statement.map(({ Action, Resource }) => ({
      Effect: 'Allow',
      Action: Action.flatMap((action) => BATCH_CALLS[action] ?? []),
      Resource,
    })).filter(({ Action }) => Action.length > 0);
    if (twins.length === 0) continue;
    const document = JSON.stringify({ Version: '2012-10-17', Statement: twins });
    for (const RoleName of Roles) {
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'BatchCalls', PolicyDocument: document }));
    }
    count += 1;
  }
  return [`AWS::IAM::Policy: batch calls allowed beside the single calls that the template allows (${count})`];
}

const onMaths = z.looseObject({
  Metrics: z.array(
    z.looseObject({ MetricStat: z.optional(z.looseObject({ Metric: z.looseObject({}), Period: z.number() })) }),
  ),
});
const composite = z.looseObject({ AlarmRule: z.unknown() });

type Resource = Template['Resources'][string];

/** What MiniStack's CloudFormation refuses, and what is deployed instead, under the same name so that what refers to it finds it. */
const REFUSED: readonly {
  readonly what: string;
  /** The resource to deploy instead; `left out`; undefined: it isn't one of these. */
  readonly instead: (resource: Resource) => Resource | 'left out' | undefined;
}[] = [
  {
    what: 'AWS::CloudWatch::Alarm on metric maths: deployed as alarms on one of their metrics',
    instead(resource) {
      const { Metrics, ...others } = onMaths.safeParse(resource.Properties).data ?? {};
      if (resource.Type !== 'AWS::CloudWatch::Alarm' || Metrics === undefined) return undefined;
      const { Metric, Period } = Metrics.find(({ MetricStat }) => MetricStat !== undefined)?.MetricStat ?? {};
      return {
        ...resource,
        Properties: { ...STAND_IN, ...others, ...Metric, ...(Period !== undefined && { Period }) },
      };
    },
  },
  {
    what: 'AWS::CloudWatch::CompositeAlarm: deployed as alarms on a metric',
    instead(resource) {
      const { AlarmRule, ...others } = composite.safeParse(resource.Properties).data ?? {};
      if (resource.Type !== 'AWS::CloudWatch::CompositeAlarm' || AlarmRule === undefined) return undefined;
      const comparison = { ComparisonOperator: 'GreaterThanThreshold', Threshold: 0, EvaluationPeriods: 1 };
      return { ...resource, Type: 'AWS::CloudWatch::Alarm', Properties: { ...STAND_IN, ...comparison, ...others } };
    },
  },
  {
    what: 'AWS::CloudWatch::InsightRule: left out',
    instead: ({ Type }) => (Type === 'AWS::CloudWatch::InsightRule' ? 'left out' : undefined),
  },
];

/** A metric for alarms whose own can't be had. */
const STAND_IN = { Namespace: 'StandIn', MetricName: 'StandIn', Period: 60, Statistic: 'Average' };

/** Puts stand-ins into the assembly's templates for what MiniStack refuses; that those work as they should is not covered. */
export function replaceRefused(assembly: string): string[] {
  const counts = new Map<string, number>();
  for (const [stack, template] of readTemplates(assembly)) {
    const Resources = Object.fromEntries(
      Object.entries(template.Resources).flatMap(([id, resource]) => {
        for (const { what, instead } of REFUSED) {
          const other = instead(resource);
          if (other === undefined) continue;
          counts.set(what, (counts.get(what) ?? 0) + 1);
          return other === 'left out' ? [] : [[id, other]];
        }
        return [[id, resource]];
      }),
    );
    writeFileSync(join(assembly, `${stack}.template.json`), JSON.stringify({ ...template, Resources }, undefined, 1));
  }
  return [...counts].map(([what, count]) => `${what} (${count})`);
}
