import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  $add,
  DeleteItemCommand,
  Entity,
  item,
  number,
  PutItemCommand,
  string,
  Table,
  UpdateItemCommand,
} from 'dynamodb-toolbox';
import { TABLE } from './app.ts';

/** The code of the team that writes users with DynamoDB-Toolbox, which raises `version` with every change. */
export function openUsers(endpoint: string) {
  const client = new DynamoDBClient({ endpoint });
  const table = new Table({
    documentClient: DynamoDBDocumentClient.from(client),
    name: TABLE,
    partitionKey: { name: 'pk', type: 'string' },
    sortKey: { name: 'sk', type: 'string' },
  });
  const user = new Entity({
    table,
    name: 'User',
    schema: item({ userId: string().key(), name: string(), version: number().default(1) }),
    computeKey: ({ userId }: { readonly userId: string }) => ({ pk: `USER#${userId}`, sk: 'USER' }),
  });
  return {
    create: (userId: string, name: string) => user.build(PutItemCommand).item({ userId, name }).send(),
    rename: (userId: string, name: string) =>
      user
        .build(UpdateItemCommand)
        .item({ userId, name, version: $add(1) })
        .send(),
    close: () => client.destroy(),
    remove: (userId: string) => user.build(DeleteItemCommand).key({ userId }).send(),
  };
}
