import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngineClient, type EngineClient } from '../../local/engine/client.ts';
import { type Engine, startEngine } from '../../local/engine/start-engine.ts';

// The known differences between the engine and DynamoDB. If a test fails because the engine was fixed, remove the test
// and the entry in docs/local-cloud.md.
let engine: Engine;
let client: EngineClient;
beforeAll(async () => {
  engine = await startEngine();
  client = createEngineClient(engine.url);
});
afterAll(async () => {
  client.close();
  await engine.stop();
});

const call = <Output = object>(operation: string, input: object) =>
  client.call<Output>(`DynamoDB_20120810.${operation}`, input);

const table = (TableName: string) => ({
  TableName,
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
});

describe('known differences of Dynoxide from DynamoDB', () => {
  test('ARNs of Dynoxide have dynoxide as their region · ddb-api/API_TableDescription', async ({ skip }) => {
    if (engine.name !== 'Dynoxide') skip('another engine');
    const { TableDescription } = await call<{ TableDescription: Record<string, string> }>(
      'CreateTable',
      table('of-region'),
    );
    expect(TableDescription.TableArn).toBe('arn:aws:dynamodb:dynoxide:000000000000:table/of-region');
    expect(TableDescription.LatestStreamArn).toContain(':dynoxide:');
  });

  test('UpdateItem with ALL_OLD that creates an item returns the bare key in Dynoxide and nothing in DynamoDB · ddb-api/API_UpdateItem', async ({
    skip,
  }) => {
    if (engine.name !== 'Dynoxide') skip('another engine');
    await call('CreateTable', table('of-all-old'));
    const answer = await call('UpdateItem', {
      TableName: 'of-all-old',
      Key: { pk: { S: 'a' } },
      UpdateExpression: 'SET n = :n',
      ExpressionAttributeValues: { ':n': { N: '1' } },
      ReturnValues: 'ALL_OLD',
    });
    expect(answer).toEqual({ Attributes: { pk: { S: 'a' } } });
  });

  test('Dynoxide records a write that changes nothing in the stream, and the mapping drops the record · ddb/Streams', async ({
    skip,
  }) => {
    if (engine.name !== 'Dynoxide') skip('another engine');
    const created = await call<{ TableDescription: { LatestStreamArn: string } }>('CreateTable', table('of-no-change'));
    const StreamArn = created.TableDescription.LatestStreamArn;
    for (let n = 0; n < 2; n += 1) await call('PutItem', { TableName: 'of-no-change', Item: { pk: { S: 'a' } } });
    const streams = <Output>(operation: string, input: object) =>
      client.call<Output>(`DynamoDBStreams_20120810.${operation}`, input);
    const { StreamDescription } = await streams<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
      'DescribeStream',
      { StreamArn },
    );
    const ShardId = StreamDescription.Shards[0]?.ShardId;
    const start = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    const { ShardIterator } = await streams<{ ShardIterator: string }>('GetShardIterator', start);
    const { Records } = await streams<{ Records: { eventName: string }[] }>('GetRecords', { ShardIterator });
    expect(Records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY']);
  });
});

test('names of tables and indexes need at least 3 characters, as on DynamoDB · ddb/HowItWorks.NamingRulesDataTypes', async () => {
  const Projection = { ProjectionType: 'ALL' };
  const withIndex = (name: string, IndexName: string) => {
    const { KeySchema } = table(name);
    return { ...table(name), GlobalSecondaryIndexes: [{ IndexName, KeySchema, Projection }] };
  };
  await expect(call('CreateTable', table('ab'))).rejects.toMatchObject({ code: 'ValidationException' });
  await expect(call('CreateTable', withIndex('of-index', 'ab'))).rejects.toMatchObject({ code: 'ValidationException' });
  await call('CreateTable', withIndex('abc', 'abc'));
});
