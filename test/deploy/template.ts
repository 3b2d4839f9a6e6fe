import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CloudFormationClient,
  DescribeStacksCommand,
  paginateListExports,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

const properties = z.record(z.string(), z.unknown());

const template = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string(), Properties: properties.default({}) })),
});

/** The parts of a synthesised template that the suite reads. */
export type Template = z.infer<typeof template>;

/** A deployed resource of a stack. */
export interface DeployedResource {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  readonly physicalId: string;
  /** The properties in the template, with their references resolved. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const SUFFIX = '.template.json';

/** The templates of a cloud assembly, by stack name. */
export function readTemplates(assembly: string): Map<string, Template> {
  const files = readdirSync(assembly).filter((file) => file.endsWith(SUFFIX));
  const read = (file: string) => template.parse(JSON.parse(readFileSync(join(assembly, file), 'utf8')));
  return new Map(files.map((file) => [file.slice(0, -SUFFIX.length), read(file)]));
}

/** The values that references in the templates can have. */
interface References {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly exports: ReadonlyMap<string, string>;
  /** By `Stack/LogicalId`. */
  readonly resources: ReadonlyMap<string, { readonly type: string; readonly physicalId: string }>;
  /** Stream ARNs, by table name. */
  readonly streams: ReadonlyMap<string, string>;
  /** By stack name. */
  readonly stackIds: ReadonlyMap<string, string>;
}

/** All resources of an assembly's stacks. The stacks must be deployed. */
export async function deployedResources(
  assembly: string,
  cloudFormation: CloudFormationClient,
  dynamoDb: DynamoDBClient,
): Promise<DeployedResource[]> {
  const templates = readTemplates(assembly);
  const references = await lookUp([...templates.keys()], cloudFormation, dynamoDb);
  return [...templates].flatMap(([stack, { Resources }]) =>
    Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
      if (Type === 'AWS::CDK::Metadata') return [];
      const { physicalId } = resourceOf(references, stack, id);
      return [
        { stack, id, type: Type, physicalId, properties: properties.parse(resolve(references, stack, Properties)) },
      ];
    }),
  );
}

async function lookUp(
  stacks: readonly string[],
  cloudFormation: CloudFormationClient,
  dynamoDb: DynamoDBClient,
): Promise<References> {
  const exports = new Map<string, string>();
  const resources = new Map<string, { type: string; physicalId: string }>();
  const streams = new Map<string, string>();
  const stackIds = new Map<string, string>();
  let arn: string | undefined;
  for await (const { Exports = [] } of paginateListExports({ client: cloudFormation }, {})) {
    for (const { Name = '', Value = '', ExportingStackId } of Exports) {
      exports.set(Name, Value);
      arn ??= ExportingStackId;
    }
  }
  for (const stack of stacks) {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
    for (const { StackId = '' } of Stacks) stackIds.set(stack, StackId);
    const pages = paginateListStackResources({ client: cloudFormation }, { StackName: stack });
    for await (const { StackResourceSummaries = [] } of pages) {
      for (const {
        LogicalResourceId: id,
        ResourceType: type = '',
        PhysicalResourceId: physicalId = '',
      } of StackResourceSummaries) {
        resources.set(`${stack}/${id}`, { type, physicalId });
        if (type !== 'AWS::DynamoDB::Table') continue;
        const { Table } = await dynamoDb.send(new DescribeTableCommand({ TableName: physicalId }));
        if (Table?.LatestStreamArn !== undefined) streams.set(physicalId, Table.LatestStreamArn);
      }
    }
  }
  const [, partition = '', , region = '', account = ''] = (arn ?? '').split(':');
  return { partition, region, account, exports, resources, streams, stackIds };
}

function resourceOf({ resources }: References, stack: string, id: string) {
  const found = resources.get(`${stack}/${id}`);
  if (found === undefined) throw new Error(`the stack ${stack} was deployed without ${id}`);
  return found;
}

function resolve(references: References, stack: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(references, stack, one));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, resolve(references, stack, one)] as const);
  const [[key, argument] = ['', undefined]] = entries;
  if (entries.length > 1 || !(key === 'Ref' || key.startsWith('Fn::'))) return Object.fromEntries(entries);
  switch (key) {
    case 'Ref':
      return (
        pseudoParameter(references, stack, String(argument)) ??
        resourceOf(references, stack, String(argument)).physicalId
      );
    case 'Fn::GetAtt': {
      const [id = '', attribute = ''] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.', 2);
      return attributeOf(references, stack, id, attribute);
    }
    case 'Fn::ImportValue':
      return known(references.exports.get(String(argument)), `export ${argument}`);
    case 'Fn::Join': {
      const [separator, parts] = z.tuple([z.string(), z.array(z.unknown())]).parse(argument);
      return parts.map(String).join(separator);
    }
    case 'Fn::Sub':
      return String(argument).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) =>
        known(pseudoParameter(references, stack, name), `parameter ${name}`),
      );
    default:
      throw new Error(`the template of ${stack} contains ${key}, which this suite can't resolve`);
  }
}

function pseudoParameter(references: References, stack: string, name: string): string | undefined {
  const { partition, region, account, stackIds } = references;
  const values: Readonly<Record<string, string | undefined>> = {
    'AWS::Partition': partition,
    'AWS::Region': region,
    'AWS::AccountId': account,
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackId': stackIds.get(stack),
    'AWS::StackName': stack,
  };
  return values[name];
}

/** The value of an attribute that identifies a resource, built as AWS builds it. */
function attributeOf(references: References, stack: string, id: string, attribute: string): string {
  const { type, physicalId } = resourceOf(references, stack, id);
  const { partition, region, account, streams } = references;
  const regional = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const lastPart = physicalId.slice(physicalId.lastIndexOf('/') + 1);
  const found: Record<string, string | undefined> = {
    'AWS::SQS::Queue.Arn': regional('sqs', lastPart),
    'AWS::SQS::Queue.QueueName': lastPart,
    'AWS::SNS::Topic.TopicName': physicalId.slice(physicalId.lastIndexOf(':') + 1),
    'AWS::SNS::Topic.TopicArn': physicalId,
    'AWS::DynamoDB::Table.Arn': regional('dynamodb', `table/${physicalId}`),
    'AWS::DynamoDB::Table.StreamArn': streams.get(physicalId),
    'AWS::Lambda::Function.Arn': regional('lambda', `function:${physicalId}`),
    'AWS::Lambda::EventSourceMapping.Id': physicalId,
    'AWS::IAM::Role.Arn': `arn:${partition}:iam::${account}:role/${physicalId}`,
    'AWS::Events::Rule.Arn': regional('events', `rule/${physicalId}`),
    'AWS::Logs::LogGroup.Arn': regional('logs', `log-group:${physicalId}:*`),
    'AWS::KMS::Key.Arn': regional('kms', `key/${physicalId}`),
    'AWS::CloudWatch::Alarm.Arn': regional('cloudwatch', `alarm:${physicalId}`),
    'AWS::CloudWatch::CompositeAlarm.Arn': regional('cloudwatch', `alarm:${physicalId}`),
  };
  return known(found[`${type}.${attribute}`], `${attribute} of ${type} ${stack}/${id}`);
}

function known(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`the value of ${what} isn't known`);
  return value;
}
