import { GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { answerHandlerFromEnvironment, dynamoDbClient } from '../../../package/index.ts';
import { parts } from '../contracts.ts';
import { type Row, sourceEntity, TABLE } from '../table.ts';

const client = dynamoDbClient();
const TableName = process.env[TABLE];

export const handler = answerHandlerFromEnvironment({
  boundary: parts,
  source: {
    async get(type, id) {
      const Key = { type: { S: type }, id: { S: id } };
      const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
      return Item && sourceEntity(Item as Row);
    },
    async list(type, { afterId, limit }) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: afterId === undefined ? '#type = :type' : '#type = :type AND id > :after',
          ExpressionAttributeNames: { '#type': 'type' },
          ExpressionAttributeValues: {
            ':type': { S: type },
            ...(afterId !== undefined && { ':after': { S: afterId } }),
          },
          Limit: limit,
        }),
      );
      return Items.map((item) => sourceEntity(item as Row));
    },
  },
});
