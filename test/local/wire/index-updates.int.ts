import { CreateTableCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { type Engine, startEngine } from '../../../local/engine/start-engine.ts';
import { createAccess } from '../../../local/iam/access.ts';
import { type DynamoDbGateway, startDynamoDbGateway } from '../../../local/wire/dynamodb-gateway.ts';
import { setTestCredentials } from '../../support/credentials.ts';

let engine: Engine;
let gateway: DynamoDbGateway;
let client: ReturnType<typeof dynamoDbClient>;

beforeAll(async () => {
  setTestCredentials();
  engine = await startEngine();
  const access = createAccess({ place: { region: 'us-east-1', accountId: '000000000000' }, onDenial: () => {} });
  gateway = await startDynamoDbGateway(engine.url, access);
  client = dynamoDbClient({ endpoint: gateway.url });
});
afterAll(async () => {
  client.destroy();
  await gateway.close();
  await engine.stop();
});

const attributes = ['pk', 'colour', 'size'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }));
const index = (name: string) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: name, KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
});

test('UpdateTable refuses more than one change of the indexes · ddb-api/API_UpdateTable', async () => {
  await client.send(
    new CreateTableCommand({
      TableName: 'indexed',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: attributes.slice(0, 2),
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: [index('colour')],
    }),
  );
  const update = (...GlobalSecondaryIndexUpdates: object[]) =>
    client.send(
      new UpdateTableCommand({ TableName: 'indexed', AttributeDefinitions: attributes, GlobalSecondaryIndexUpdates }),
    );
  await expect(update({ Create: index('size') }, { Delete: { IndexName: 'colour' } })).rejects.toMatchObject({
    name: 'LimitExceededException',
    message: 'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  });
  await expect(update({ Create: index('size') })).resolves.toMatchObject({
    TableDescription: { TableName: 'indexed' },
  });
});
