import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { keyItem } from '../../../adapters/aws/items.ts';
import { entityRef } from '../../../core/entity.ts';
import { required } from '../../../lambdas/environment.ts';
import type { Entity } from './call-owner.ts';

const client = dynamoDbClient();
const TableName = required('COPY_TABLE');

/** Stores the owner's answer if it is newer than the stored copy. */
export async function storeCopy(type: string, id: string, entity: Entity): Promise<'stored' | 'outdated'> {
  const { version, changedAt, value } = entity;
  try {
    await client.send(
      new PutItemCommand({
        TableName,
        Item: {
          ...keyItem(entityRef(type, id)),
          version: { N: String(version) },
          changedAt: { S: changedAt },
          ...(value !== undefined && { value: { S: JSON.stringify(value) } }),
        },
        ConditionExpression: 'attribute_not_exists(pk) OR #version < :version',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': { N: String(version) } },
      }),
    );
    return 'stored';
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return 'outdated';
    throw error;
  }
}

/** The stored copy of an entity; undefined if there is none. */
export async function readCopy(type: string, id: string): Promise<Entity | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: keyItem(entityRef(type, id)) }));
  if (Item === undefined) return undefined;
  const json = Item.value?.S;
  const stamp = { version: Number(Item.version?.N), changedAt: Item.changedAt?.S ?? '' };
  return json === undefined ? stamp : { ...stamp, value: JSON.parse(json) };
}
