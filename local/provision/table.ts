import * as z from 'zod/mini';
import type { EngineClient } from '../engine/client.ts';
import { readProperties, type Unread, unreadReasons } from './left-out.ts';
import { physicalName, type ResourceHandler } from './resource.ts';
import { activeTable, changeTable, existingTable } from './table-changes.ts';

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.string() }));
const index = z.object({ IndexName: z.string(), KeySchema: keySchema, Projection: z.unknown() });

/** The properties that the engine supports. */
const tableProperties = z.object({
  TableName: z.optional(z.string()),
  KeySchema: keySchema,
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
  GlobalSecondaryIndexes: z.optional(z.array(index)),
  LocalSecondaryIndexes: z.optional(z.array(index)),
  StreamSpecification: z.optional(
    z.object({ StreamViewType: z._default(z.string(), 'NEW_AND_OLD_IMAGES'), ResourcePolicy: z.optional(z.unknown()) }),
  ),
  TimeToLiveSpecification: z.optional(
    z.object({ AttributeName: z.optional(z.string()), Enabled: z.union([z.boolean(), z.stringbool()]) }),
  ),
  Replicas: z.optional(z.array(z.looseObject({ Region: z.string() }))),
});

const POLICY = 'it grants and forbids nothing locally. Grant the permissions to roles instead';
const MEANINGS = {
  ContributorInsightsSpecification: 'no contributors are counted',
  ImportSourceSpecification: 'nothing is imported, so the table starts empty',
  KinesisStreamSpecification: 'changes are not sent to the Kinesis stream',
  ResourcePolicy: POLICY,
};
/** Costs, backups, encryption and protection change nothing that a local cloud shows. */
const NO_EFFECT = [
  'BillingMode',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'PointInTimeRecoverySpecification',
  'ProvisionedThroughput',
  'SSESpecification',
  'TableClass',
  'WarmThroughput',
  'WriteOnDemandThroughputSettings',
  'WriteProvisionedThroughputSettings',
];
const UNREAD: Unread = { noEffect: NO_EFFECT, meanings: MEANINGS };
const UNREAD_OF_REPLICA: Unread = {
  ...UNREAD,
  noEffect: [
    ...NO_EFFECT,
    'GlobalSecondaryIndexes',
    'ReadOnDemandThroughputSettings',
    'ReadProvisionedThroughputSettings',
  ],
};

const LONGEST_NAME = 255;

/** Creates a table, or the local replica of a global table. */
export const createTable: ResourceHandler = async (request) => {
  const { engine } = request.target;
  const { given, leftOut } = readProperties(tableProperties, request.properties, UNREAD);
  const name = given.TableName ?? physicalName(request, LONGEST_NAME);
  const { TimeToLiveSpecification: timeToLive, StreamSpecification: stream, Replicas: replicas = [], ...rest } = given;
  if (stream?.ResourcePolicy !== undefined) leftOut.push(`StreamSpecification.ResourcePolicy: ${POLICY}`);
  if (replicas.length > 1) leftOut.push('Replicas: the table exists once, and not in further regions');
  for (const replica of replicas) leftOut.push(...unreadReasons(replica, ['Region'], UNREAD_OF_REPLICA));
  const mayExist = request.before !== undefined || request.target.keepsTables === true;
  const existing = mayExist ? await existingTable(engine, name) : undefined;
  if (existing === undefined)
    await engine.call('DynamoDB_20120810.CreateTable', {
      ...rest,
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      ...(stream && { StreamSpecification: { StreamViewType: stream.StreamViewType, StreamEnabled: true } }),
    });
  else await changeTable(engine, existing, { ...rest, TableName: name, viewType: stream?.StreamViewType });
  const { Table: table } = await activeTable(engine, name);
  await setTimeToLive(engine, name, timeToLive?.Enabled ? timeToLive.AttributeName : undefined, existing !== undefined);
  const attributes = {
    Arn: table.TableArn,
    ...(table.TableId !== undefined && { TableId: table.TableId }),
    ...(table.LatestStreamArn !== undefined && { StreamArn: table.LatestStreamArn }),
  };
  return { ref: name, attributes, leftOut: [...new Set(leftOut)] };
};

async function setTimeToLive(
  engine: EngineClient,
  name: string,
  attribute: string | undefined,
  isExisting: boolean,
): Promise<void> {
  const before = isExisting ? await timeToLiveOf(engine, name) : undefined;
  if (before === attribute) return;
  const TimeToLiveSpecification = { AttributeName: attribute ?? before, Enabled: attribute !== undefined };
  await engine.call('DynamoDB_20120810.UpdateTimeToLive', { TableName: name, TimeToLiveSpecification });
}

async function timeToLiveOf(engine: EngineClient, name: string): Promise<string | undefined> {
  const { TimeToLiveDescription: found } = await engine.call<{
    readonly TimeToLiveDescription?: { readonly TimeToLiveStatus?: string; readonly AttributeName?: string };
  }>('DynamoDB_20120810.DescribeTimeToLive', { TableName: name });
  return found?.TimeToLiveStatus?.startsWith('ENABL') ? found.AttributeName : undefined;
}
