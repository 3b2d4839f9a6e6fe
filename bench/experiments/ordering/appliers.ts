import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ATTRIBUTE, keyItem } from '../../../adapters/aws/items.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { projecting } from '../../support/projecting.ts';
import { type ProductEvent, shop } from './events.ts';

/** Applies one event to the table. False if the state of the table doesn't allow it. */
export type Apply = (message: ReceivedMessage) => Promise<boolean>;

interface Target {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** Applies events without versions: a creation puts the product, an update sets the name of an existing product. */
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

/** Applies events with Freshet's projector: each event carries the state and is stored only if its version is newer. */
export function withGuard(target: Target): Apply {
  const projection = projecting(shop, createCacheWriter(target));
  return async (message) => {
    const { returned } = await projectBatch(projection, [message]);
    for (const { error } of returned) throw error;
    return true;
  };
}
