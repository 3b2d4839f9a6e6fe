import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient } from '../../adapters/aws/clients.ts';
import { createEngineClient } from '../../local/engine/client.ts';
import { startEngine } from '../../local/engine/start-engine.ts';
import { assemblyOf, SHOP } from './assembly.ts';
import { setTestCredentials } from './credentials.ts';
import type { Template } from './table-writers.ts';

/** A table of the shop: the owner's (Geography), a cache's (Ordering, Warehouse), or a cache's parking table. */
type TableStack = 'Geography' | 'Ordering' | 'Warehouse' | 'OrderingParking';

/** A real DynamoDB engine with tables as the synthesised templates declare them. */
export interface TestTables {
  /** The endpoint of the engine, for further clients. */
  readonly url: string;
  readonly client: DynamoDBClient;
  /** Creates an empty table with the keys, indexes and stream of the stack's table. Returns its name. */
  create(stack: TableStack): Promise<string>;
  /** Creates an empty table like the only table of the template. Returns its name. */
  createLike(template: Template): Promise<string>;
  /** The records of the table's stream, in order: one for each write that changed an item. */
  changes(tableName: string): Promise<StreamEntry[]>;
  stop(): Promise<void>;
}

/** A stream record as the engine sends it. */
export interface StreamEntry {
  readonly eventName: string;
  readonly dynamodb: { readonly NewImage?: Readonly<Record<string, { readonly S?: string; readonly N?: string }>> };
}

export async function startTables(): Promise<TestTables> {
  setTestCredentials();
  const assembly = await assemblyOf(SHOP);
  const engine = await startEngine();
  const raw = createEngineClient(engine.url);
  const client = dynamoDbClient({ endpoint: engine.url });
  let made = 0;
  const make = async (prefix: string, properties: object): Promise<string> => {
    made += 1;
    const name = `${prefix}-${made}`;
    await raw.call('DynamoDB_20120810.CreateTable', { ...properties, TableName: name });
    return name;
  };
  const streams = <T>(operation: string, input: object) => raw.call<T>(`DynamoDBStreams_20120810.${operation}`, input);
  return {
    url: engine.url,
    client,
    create: (stack) => make(stack, tableProperties(assembly, stack)),
    createLike: (template) =>
      make(
        'Table',
        propertiesIn(template, () => true),
      ),
    async changes(tableName) {
      const { Table } = await raw.call<{ Table: { LatestStreamArn: string } }>('DynamoDB_20120810.DescribeTable', {
        TableName: tableName,
      });
      const StreamArn = Table.LatestStreamArn;
      const { StreamDescription } = await streams<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
        'DescribeStream',
        { StreamArn },
      );
      const records: StreamEntry[] = [];
      for (const { ShardId } of StreamDescription.Shards) {
        const start = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
        let { ShardIterator } = await streams<{ ShardIterator?: string }>('GetShardIterator', start);
        while (ShardIterator !== undefined) {
          const answer = await streams<{ Records: StreamEntry[]; NextShardIterator?: string }>('GetRecords', {
            ShardIterator,
          });
          if (answer.Records.length === 0) break;
          records.push(...answer.Records);
          ShardIterator = answer.NextShardIterator;
        }
      }
      return records;
    },
    async stop() {
      client.destroy();
      raw.close();
      await engine.stop();
    },
  };
}

/** The table of a stack's template, as parameters of CreateTable. */
function tableProperties(assembly: string, stack: TableStack): object {
  const isParking = stack === 'OrderingParking';
  const file = `${isParking ? 'Ordering' : stack}.template.json`;
  const template = JSON.parse(readFileSync(join(assembly, file), 'utf8')) as Template;
  return propertiesIn(template, (id) => id.includes('Parking') === isParking);
}

function propertiesIn({ Resources }: Template, isWanted: (id: string) => boolean): object {
  const [, table] =
    Object.entries(Resources).find(([id, { Type }]) => Type === 'AWS::DynamoDB::Table' && isWanted(id)) ?? [];
  if (table === undefined) throw new Error('the template has no such table');
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode, StreamSpecification } =
    table.Properties;
  const stream = StreamSpecification && { StreamSpecification: { ...StreamSpecification, StreamEnabled: true } };
  return { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode, ...stream };
}
