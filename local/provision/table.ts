import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { EngineClient } from '../engine/client.ts';
import { physicalName, type ResourceHandler } from './resource.ts';

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.string() }));
const index = z.object({ IndexName: z.string(), KeySchema: keySchema, Projection: z.unknown() });

/**
 * The properties that the engine supports. Backups, encryption, deletion protection, tags and throughput are ignored.
 */
const properties = z.object({
  TableName: z.optional(z.string()),
  KeySchema: keySchema,
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
  GlobalSecondaryIndexes: z.optional(z.array(index)),
  LocalSecondaryIndexes: z.optional(z.array(index)),
  StreamSpecification: z.optional(
    z.object({
      StreamViewType: z.string(),
      ResourcePolicy: z.optional(z.undefined('a policy of a stream is not emulated')),
    }),
  ),
  ResourcePolicy: z.optional(
    z.undefined('a policy of a table is not emulated. Grant the permissions to roles instead'),
  ),
  TimeToLiveSpecification: z.optional(
    z.object({ AttributeName: z.optional(z.string()), Enabled: z.union([z.boolean(), z.stringbool()]) }),
  ),
});

interface TableDescription {
  readonly Table: {
    readonly TableStatus: string;
    readonly TableArn: string;
    readonly TableId?: string;
    readonly LatestStreamArn?: string;
  };
}

const LONGEST_NAME = 255;

/** Creates a table, or the local replica of a global table. */
export const createTable: ResourceHandler = async (request) => {
  const { engine } = request.target;
  const given = properties.parse(request.properties);
  const name = given.TableName ?? physicalName(request, LONGEST_NAME);
  const { TimeToLiveSpecification: timeToLive, StreamSpecification: stream, ResourcePolicy: _none, ...rest } = given;
  await engine.call('DynamoDB_20120810.CreateTable', {
    ...rest,
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    ...(stream && { StreamSpecification: { StreamViewType: stream.StreamViewType, StreamEnabled: true } }),
  });
  const { Table: table } = await activeTable(engine, name);
  if (timeToLive?.Enabled)
    await engine.call('DynamoDB_20120810.UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: { ...timeToLive, Enabled: true },
    });
  const attributes = {
    Arn: table.TableArn,
    ...(table.TableId !== undefined && { TableId: table.TableId }),
    ...(table.LatestStreamArn !== undefined && { StreamArn: table.LatestStreamArn }),
  };
  return { ref: name, attributes };
};

async function activeTable(engine: EngineClient, name: string): Promise<TableDescription> {
  for (;;) {
    const described = await engine.call<TableDescription>('DynamoDB_20120810.DescribeTable', { TableName: name });
    if (described.Table.TableStatus === 'ACTIVE') return described;
    await pause(5);
  }
}
