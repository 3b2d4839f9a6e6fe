import { DescribeAlarmsCommand, GetDashboardCommand } from '@aws-sdk/client-cloudwatch';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { DescribeRuleCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { GetRoleCommand, GetRolePolicyCommand, ListAttachedRolePoliciesCommand } from '@aws-sdk/client-iam';
import {
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
} from '@aws-sdk/client-lambda';
import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  paginateListSubscriptions,
} from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { Clients } from './clients.ts';
import type { DeployedResource } from './template.ts';

/** Reads a deployed resource, with the property names of the template. @throws if the resource doesn't exist */
type Read = (clients: Clients, resource: DeployedResource) => Promise<object>;

const texts = z.array(z.string());

/** The only name in a property that lists the resources of a policy. Every policy in the templates has one resource. */
function only(property: unknown): string {
  const [first, ...others] = texts.parse(property);
  if (first === undefined || others.length > 0) throw new Error(`expected one name, got ${JSON.stringify(property)}`);
  return first;
}

const statements = z.object({
  Statement: z.array(
    z.object({
      Action: z.string(),
      Resource: z.string(),
      Principal: z.union([z.string(), z.object({ Service: z.string() })]),
      Condition: z.optional(
        z.object({
          ArnLike: z.record(z.string(), z.string()),
          StringEquals: z.optional(z.record(z.string(), z.string())),
        }),
      ),
    }),
  ),
});

/** By resource type. Resources of other types aren't compared. */
const READERS: Readonly<Record<string, Read>> = {
  'AWS::SQS::Queue': async ({ sqs }, { physicalId }) => queueAttributes(sqs, physicalId),
  'AWS::SQS::QueuePolicy': async ({ sqs }, { properties: { Queues } }) => {
    const { Policy } = await queueAttributes(sqs, only(Queues));
    return { Queues, PolicyDocument: Policy };
  },
  'AWS::SNS::Topic': async ({ sns }, { physicalId }) => {
    const TopicName = physicalId.slice(physicalId.lastIndexOf(':') + 1);
    return { ...(await topicAttributes(sns, physicalId)), TopicName };
  },
  'AWS::SNS::TopicPolicy': async ({ sns }, { properties: { Topics } }) => {
    const { Policy } = await topicAttributes(sns, only(Topics));
    return { Topics, PolicyDocument: Policy };
  },
  'AWS::SNS::Subscription': async ({ sns }, { physicalId }) => {
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: physicalId }));
    for await (const { Subscriptions = [] } of paginateListSubscriptions({ client: sns }, {})) {
      const found = Subscriptions.find(({ SubscriptionArn }) => SubscriptionArn === physicalId);
      if (found !== undefined) return { ...Attributes, ...found };
    }
    throw new Error(`the subscription ${physicalId} doesn't exist`);
  },
  'AWS::DynamoDB::Table': async ({ dynamoDb }, { physicalId: TableName }) => {
    const { Table } = await dynamoDb.send(new DescribeTableCommand({ TableName }));
    const { TimeToLiveDescription } = await dynamoDb.send(new DescribeTimeToLiveCommand({ TableName }));
    const backups = await dynamoDb.send(new DescribeContinuousBackupsCommand({ TableName }));
    const recovery = backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
    return {
      ...Table,
      BillingMode: Table?.BillingModeSummary?.BillingMode,
      TimeToLiveSpecification: {
        AttributeName: TimeToLiveDescription?.AttributeName,
        Enabled: /^ENABL/.test(TimeToLiveDescription?.TimeToLiveStatus ?? ''),
      },
      PointInTimeRecoverySpecification: {
        PointInTimeRecoveryEnabled: recovery?.PointInTimeRecoveryStatus === 'ENABLED',
      },
    };
  },
  'AWS::Lambda::Function': async ({ lambda }, { physicalId }) =>
    lambda.send(new GetFunctionConfigurationCommand({ FunctionName: physicalId })),
  'AWS::Lambda::EventSourceMapping': async ({ lambda }, { physicalId }) => {
    const mapping = await lambda.send(new GetEventSourceMappingCommand({ UUID: physicalId }));
    return { ...mapping, FunctionName: mapping.FunctionArn?.split(':').at(-1) };
  },
  'AWS::Lambda::Permission': async ({ lambda }, { properties: { FunctionName, SourceArn } }) => {
    const { Policy = '' } = await lambda.send(new GetPolicyCommand({ FunctionName: String(FunctionName) }));
    const found = statements
      .parse(JSON.parse(Policy))
      .Statement.find(({ Condition }) => Object.values(Condition?.ArnLike ?? {}).includes(String(SourceArn)));
    const Principal = typeof found?.Principal === 'object' ? found.Principal.Service : found?.Principal;
    const [SourceAccount] = Object.values(found?.Condition?.StringEquals ?? {});
    return { Action: found?.Action, FunctionName: found?.Resource, Principal, SourceArn, SourceAccount };
  },
  'AWS::IAM::Role': async ({ iam }, { physicalId: RoleName }) => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    return {
      AssumeRolePolicyDocument: decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''),
      ManagedPolicyArns: AttachedPolicies.map(({ PolicyArn }) => PolicyArn),
    };
  },
  'AWS::IAM::Policy': async ({ iam }, { properties: { PolicyName, Roles } }) => {
    const { PolicyDocument = '' } = await iam.send(
      new GetRolePolicyCommand({ RoleName: only(Roles), PolicyName: String(PolicyName) }),
    );
    return { PolicyName, Roles, PolicyDocument: decodeURIComponent(PolicyDocument) };
  },
  'AWS::Events::Rule': async ({ events }, { physicalId }) => {
    const rule = await events.send(new DescribeRuleCommand({ Name: physicalId }));
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: physicalId }));
    return { ...rule, Targets };
  },
  'AWS::CloudWatch::Alarm': async ({ cloudWatch }, { physicalId }) => {
    const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [physicalId] }));
    return existing(MetricAlarms[0], physicalId);
  },
  'AWS::CloudWatch::CompositeAlarm': async ({ cloudWatch }, { physicalId }) => {
    const { CompositeAlarms = [] } = await cloudWatch.send(
      new DescribeAlarmsCommand({ AlarmNames: [physicalId], AlarmTypes: ['CompositeAlarm'] }),
    );
    return existing(CompositeAlarms[0], physicalId);
  },
  'AWS::CloudWatch::Dashboard': async ({ cloudWatch }, { physicalId }) =>
    cloudWatch.send(new GetDashboardCommand({ DashboardName: physicalId })),
};

function existing<T>(found: T | undefined, physicalId: string): T {
  if (found === undefined) throw new Error(`${physicalId} doesn't exist`);
  return found;
}

/** Properties that can't be read back in the form of the template: bundles, which the suite runs, and tags. */
const NOT_READ = new Set(['Code', 'Tags']);

async function queueAttributes(sqs: Clients['sqs'], QueueUrl: string): Promise<Record<string, string>> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return Attributes;
}

async function topicAttributes(sns: Clients['sns'], TopicArn: string): Promise<Record<string, string>> {
  const { Attributes = {} } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  return Attributes;
}

/** A property whose deployed value differs from the template. */
export interface Difference {
  readonly resource: DeployedResource;
  readonly property: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** A difference as one line. */
export function differenceLine({ resource: { stack, id, type }, property, expected, actual }: Difference): string {
  const [inTemplate, deployed] = [expected, actual].map((value) => JSON.stringify(value));
  return `${stack}/${id} (${type}) ${property}: template ${inTemplate}, deployed ${deployed}`;
}

/** Whether a resource can be read back. */
export function isReadable({ type }: DeployedResource): boolean {
  return Object.hasOwn(READERS, type);
}

/** Whether a resource exists. True for a resource that can't be read back. */
export async function exists(clients: Clients, resource: DeployedResource): Promise<boolean> {
  const read = READERS[resource.type];
  return (
    read === undefined ||
    read(clients, resource).then(
      () => true,
      () => false,
    )
  );
}

/** Compares every property in the templates with its deployed value. */
export async function differences(clients: Clients, resources: readonly DeployedResource[]): Promise<Difference[]> {
  const all: Difference[] = [];
  for (const resource of resources) {
    const read = READERS[resource.type];
    if (read === undefined) continue;
    const deployed = new Map<string, unknown>(Object.entries(await read(clients, resource)));
    for (const [property, expected] of Object.entries(resource.properties)) {
      const actual = deployed.get(property);
      if (!NOT_READ.has(property) && !contains(expected, actual)) all.push({ resource, property, expected, actual });
    }
  }
  return all;
}

/** Whether a deployed value contains all that the template states. Order doesn't matter, and JSON may be text. */
function contains(expected: unknown, actual: unknown): boolean {
  if (typeof expected !== 'object' || expected === null) return String(expected) === String(actual);
  const found = typeof actual === 'string' ? asJson(actual) : actual;
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return false;
    return expected.every((one) => found.some((other) => contains(one, other)));
  }
  if (typeof found !== 'object' || found === null) return false;
  const values = new Map<string, unknown>(Object.entries(found));
  return Object.entries(expected).every(([key, one]) => contains(one, values.get(key)));
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
