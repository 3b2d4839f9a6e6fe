import { BatchGetItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { WireItem } from '../../core/adopt/item.ts';
import { isKeyOf, wireKey } from '../../core/adopt/map.ts';
import type { SurveyRunPorts } from '../../core/adopt/survey.ts';
import type { ItemRead } from '../../core/adopt/survey-entities.ts';
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
  /** Reads items by key. The keys that DynamoDB doesn't accept are added to `refused`. */
  const read = async (keys: readonly Item[], refused: Set<string>): Promise<Item[]> => {
    try {
      return await batchGet(keys, MAX_BATCH_GET, (Keys) =>
        client.send(new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } })),
      );
    } catch (error) {
      // DynamoDB refuses a whole call for one key with other attributes than the table's, and doesn't say which.
      if (!(error instanceof Error) || error.name !== 'ValidationException') throw error;
      const [first, ...others] = keys;
      if (first === undefined) return [];
      if (others.length === 0) {
        refused.add(keyText(first));
        return [];
      }
      const half = keys.length >> 1;
      return [...(await read(keys.slice(0, half), refused)), ...(await read(keys.slice(half), refused))];
    }
  };
  return {
    async items(entities) {
      const keys = entities.map((entity) => wireKey(keyOf(entity)));
      // Two types may share an item, and DynamoDB refuses a batch that names a key twice.
      const distinct = new Map(keys.map((key) => [keyText(key), key]));
      const refused = new Set<string>();
      const found = await read([...distinct.values()] as Item[], refused);
      return entities.map((entity, index): ItemRead => {
        if (refused.has(keyText(keys[index] ?? {}))) return 'wrong-key';
        return found.find((item) => isKeyOf(keyOf(entity), item as WireItem)) as WireItem | undefined;
      });
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
