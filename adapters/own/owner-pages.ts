import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { PARTITIONS_PER_TYPE, partitionKey, tableKey } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { decodeCursor, encodeCursor } from '../../core/read/read.ts';
import type { AnswerPorts } from '../../core/repair/answer.ts';
import type { Unsendable } from '../../core/repair/pages.ts';
import { ATTRIBUTE, type Item, ownedEntity } from '../aws/items.ts';

/** What an inventory needs of an item: everything but the state, the largest part. */
const STAMP = [
  ATTRIBUTE.partition,
  ATTRIBUTE.id,
  ATTRIBUTE.version,
  ATTRIBUTE.digest,
  ATTRIBUTE.changedAt,
  ATTRIBUTE.schemaVersion,
];

/** Lists an owner's table in parts, partition by partition and by id within each. */
export function createOwnerPages({
  client,
  tableName,
}: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}): Pick<AnswerPorts, 'list' | 'cursorAfter' | 'isTableRange'> {
  return {
    isTableRange: true,
    cursorAfter: (entity) => encodeCursor({ partition: partitionOf(tableKey(entity).pk), afterId: entity.id }),
    async list(type, cursor, { limit, withStates }) {
      const entities: (OwnedEntity | Unsendable)[] = [];
      let { partition, afterId } = decodeCursor(cursor);
      while (partition < PARTITIONS_PER_TYPE) {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new QueryCommand({
            TableName: tableName,
            KeyConditionExpression: afterId === undefined ? '#pk = :pk' : '#pk = :pk AND #id > :after',
            ...(!withStates && { ProjectionExpression: STAMP.map((name) => `#${name}`).join(', ') }),
            ExpressionAttributeNames: {
              ...(withStates
                ? { '#pk': ATTRIBUTE.partition, ...(afterId !== undefined && { '#id': ATTRIBUTE.id }) }
                : Object.fromEntries(STAMP.map((name) => [`#${name}`, name]))),
            },
            ExpressionAttributeValues: {
              ':pk': { S: partitionKey(type, partition) },
              ...(afterId !== undefined && { ':after': { S: afterId } }),
            },
            Limit: limit - entities.length,
          }),
        );
        entities.push(...Items.map(readable));
        afterId = LastEvaluatedKey?.[ATTRIBUTE.id]?.S;
        if (afterId === undefined) partition += 1;
        // A query ends after 1 MB. Large states make small pages, so that a page fits into memory.
        if (entities.length >= limit || afterId !== undefined) break;
      }
      return { entities, next: partition < PARTITIONS_PER_TYPE ? encodeCursor({ partition, afterId }) : undefined };
    },
  };
}

/** An item that the owner's interface didn't write can't be sent. The relay set its stream record aside. */
function readable(item: Item): OwnedEntity | Unsendable {
  try {
    return ownedEntity(item);
  } catch {
    return { id: item[ATTRIBUTE.id]?.S ?? '', why: 'unreadable' };
  }
}

function partitionOf(key: string): number {
  return Number(key.slice(key.lastIndexOf('#') + 1));
}
