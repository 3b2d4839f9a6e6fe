import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { createCacheWriter } from '../../../adapters/cache-table.ts';
import { ATTRIBUTE, keyItem } from '../../../adapters/items.ts';
import { projectBatch, type ReceivedMessage } from '../../../core/project.ts';
import { type ProductEvent, shop } from './events.ts';

/** Applies one event to the table; false if the table's state didn't allow it. */
export type Apply = (message: ReceivedMessage) => Promise<boolean>;

interface Target {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** What most consumers do: a creation puts the product, an update sets the name of the product that must be there. */
export function withoutGuard({ client, tableName }: Target): Apply {
  return async ({ body }) => {
    const event = JSON.parse(body) as ProductEvent;
    const key = keyItem({ type: 'Product', id: event.id });
    const version = { N: String(event.version) };
    if (event.event === 'ProductCreated') {
      const { name, price, description } = event.product;
      const attributes = { name: { S: name }, price: { N: String(price) }, description: { S: description } };
      await client.send(
        new PutItemCommand({ TableName: tableName, Item: { ...key, ...attributes, [ATTRIBUTE.version]: version } }),
      );
      return true;
    }
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: key,
          UpdateExpression: 'SET #name = :name, #version = :version',
          ConditionExpression: 'attribute_exists(#pk)',
          ExpressionAttributeNames: { '#name': 'name', '#version': ATTRIBUTE.version, '#pk': ATTRIBUTE.partition },
          ExpressionAttributeValues: { ':name': { S: event.name }, ':version': version },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  };
}

/** A tombstone's life; no product of the experiment is deleted. */
const TOMBSTONE_LIFE_SECONDS = 60 * 24 * 3600;

/** What Freshet's projector does: every event carries the state, and is stored only if its version is newer. */
export function withGuard(target: Target): Apply {
  const write = createCacheWriter(target);
  const ports = {
    write,
    park: async (_message: ReceivedMessage, reason: string, explanation: string) => {
      throw new Error(`${reason}: ${explanation}`);
    },
    postpone: async () => {},
  };
  return async (message) => {
    const { returned } = await projectBatch(shop, [message], ports, Date.now, TOMBSTONE_LIFE_SECONDS);
    for (const { error } of returned) throw error;
    return true;
  };
}
