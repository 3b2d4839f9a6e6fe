import { BatchGetItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { WireItem } from '../../core/adopt/item.ts';
import { isKeyOf, wireKey } from '../../core/adopt/map.ts';
import type { SurveyRunPorts } from '../../core/adopt/survey.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import { ownedContract } from '../../core/contract/define-boundary.ts';
import type { EntityRef } from '../../core/entity.ts';
import type { Item } from '../aws/items.ts';
import { batchGet } from './batch-get.ts';
import { MAX_BATCH_GET } from './copy-table.ts';

/** Opens an existing table for a survey. It is only read. */
export function createExistingTable(options: {
  readonly boundary: Pick<Boundary, 'name' | 'owns'>;
  readonly client: DynamoDBClient;
  readonly tableName: string;
}): Pick<SurveyRunPorts, 'items' | 'scan'> {
  const { boundary, client, tableName } = options;
  const keyOf = ({ type, id }: EntityRef) => ownedContract(boundary, type).adopted?.key(id) ?? {};
  return {
    async items(entities) {
      const keys = entities.map((entity) => wireKey(keyOf(entity)));
      // Two types may share an item, and DynamoDB refuses a batch that names a key twice.
      const distinct = new Map(keys.map((key) => [keyText(key), key]));
      const found = await batchGet([...distinct.values()] as Item[], MAX_BATCH_GET, (Keys) =>
        client.send(new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } })),
      );
      return entities.map((entity) => found.find((item) => isKeyOf(keyOf(entity), item as WireItem)) as WireItem);
    },
    async scan(cursor, limit) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new ScanCommand({
          TableName: tableName,
          ConsistentRead: true,
          Limit: limit,
          ...(cursor !== undefined && { ExclusiveStartKey: JSON.parse(cursor) as Item }),
        }),
      );
      return {
        items: Items as WireItem[],
        next: LastEvaluatedKey === undefined ? undefined : JSON.stringify(LastEvaluatedKey),
      };
    },
  };
}

function keyText(key: object): string {
  return JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
}
