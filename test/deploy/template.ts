import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CloudFormationClient,
  paginateListExports,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

const properties = z.record(z.string(), z.unknown());

const template = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string(), Properties: properties.default({}) })),
});

/** A synthesised template, as far as this looks into it. */
export type Template = z.infer<typeof template>;

/** A stack's resource as it was deployed. */
export interface DeployedResource {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  readonly physicalId: string;
  /** What the template says, with what it refers to in place. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const SUFFIX = '.template.json';

/** The templates of a cloud assembly by their stack's name. */
export function readTemplates(assembly: string): Map<string, Template> {
  const files = readdirSync(assembly).filter((file) => file.endsWith(SUFFIX));
  const read = (file: string) => template.parse(JSON.parse(readFileSync(join(assembly, file), 'utf8')));
  return new Map(files.map((file) => [file.slice(0, -SUFFIX.length), read(file)]));
}

/** What the references of the templates stand for. */
interface World {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly exports: ReadonlyMap<string, string>;
  /** By stack and logical id. */
  readonly resources: ReadonlyMap<string, { readonly type: string; readonly physicalId: string }>;
  /** By table name. */
  readonly streams: ReadonlyMap<string, string>;
}

/** Every resource of an assembly's stacks, once they are deployed. */
export async function deployedResources(
  assembly: string,
  cloudFormation: CloudFormationClient,
  dynamoDb: DynamoDBClient,
): Promise<DeployedResource[]> {
  const templates = readTemplates(assembly);
  const world = await lookUp([...templates.keys()], cloudFormation, dynamoDb);
  return [...templates].flatMap(([stack, { Resources }]) =>
    Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
      if (Type === 'AWS::CDK::Metadata') return [];
      const { physicalId } = resourceOf(world, stack, id);
      return [{ stack, id, type: Type, physicalId, properties: properties.parse(resolve(world, stack, Properties)) }];
    }),
  );
}

async function lookUp(
  stacks: readonly string[],
  cloudFormation: CloudFormationClient,
  dynamoDb: DynamoDBClient,
): Promise<World> {
  const exports = new Map<string, string>();
  const resources = new Map<string, { type: string; physicalId: string }>();
  const streams = new Map<string, string>();
  let arn: string | undefined;
  for await (const { Exports = [] } of paginateListExports({ client: cloudFormation }, {})) {
    for (const { Name = '', Value = '', ExportingStackId } of Exports) {
      exports.set(Name, Value);
      arn ??= ExportingStackId;
    }
  }
  for (const stack of stacks) {
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
  return { partition, region, account, exports, resources, streams };
}

function resourceOf({ resources }: World, stack: string, id: string) {
  const found = resources.get(`${stack}/${id}`);
  if (found === undefined) throw new Error(`stack ${stack} was deployed without ${id}`);
  return found;
}

function resolve(world: World, stack: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(world, stack, one));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, resolve(world, stack, one)] as const);
  const [[key, argument] = ['', undefined]] = entries;
  if (entries.length > 1 || !(key === 'Ref' || key.startsWith('Fn::'))) return Object.fromEntries(entries);
  switch (key) {
    case 'Ref':
      return pseudoParameter(world, String(argument)) ?? resourceOf(world, stack, String(argument)).physicalId;
    case 'Fn::GetAtt': {
      const [id = '', attribute = ''] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.', 2);
      return attributeOf(world, stack, id, attribute);
    }
    case 'Fn::ImportValue':
      return known(world.exports.get(String(argument)), `export ${argument}`);
    case 'Fn::Join': {
      const [separator, parts] = z.tuple([z.string(), z.array(z.unknown())]).parse(argument);
      return parts.map(String).join(separator);
    }
    case 'Fn::Sub':
      return String(argument).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) =>
        known(pseudoParameter(world, name), `parameter ${name}`),
      );
    default:
      throw new Error(`stack ${stack}: ${key} isn't understood here`);
  }
}

function pseudoParameter({ partition, region, account }: World, name: string): string | undefined {
  return { 'AWS::Partition': partition, 'AWS::Region': region, 'AWS::AccountId': account }[name];
}

/** Attributes that say where something is, made up as AWS makes them up. */
function attributeOf(world: World, stack: string, id: string, attribute: string): string {
  const { type, physicalId } = resourceOf(world, stack, id);
  const { partition, region, account, streams } = world;
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
  if (value === undefined) throw new Error(`${what} isn't known here`);
  return value;
}
