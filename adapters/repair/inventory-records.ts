import { GetItemCommand, QueryCommand, type QueryCommandOutput, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PARTITIONS_PER_TYPE, partitionKey } from '../../core/entity.ts';
import { decodeCursor } from '../../core/read/read.ts';
import type { InventoryRecord } from '../../core/repair/compare-page.ts';
import type { InventoryPorts } from '../../core/repair/inventory.ts';
import type { SuspectPorts } from '../../core/repair/look.ts';
import { sideBySide } from '../../core/side-by-side.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item, isIntact, keyItem } from '../aws/items.ts';
import type { CacheTable } from '../read/table.ts';

/** Concurrent reads of single entities. */
const READS_AT_ONCE = 16;

/** The ports of an inventory to the cache's table. */
export function createInventoryRecords(
  table: CacheTable,
): Pick<InventoryPorts, 'range' | 'records'> & Pick<SuspectPorts, 'expose'> {
  const { client, tableName } = table;
  return {
    async range(type, from, to) {
      const begin = decodeCursor(from);
      const end = to === undefined ? { partition: PARTITIONS_PER_TYPE, afterId: undefined } : decodeCursor(to);
      const partitions = Array.from({ length: PARTITIONS_PER_TYPE }, (_, partition) => partition).filter(
        (one) =>
          one >= begin.partition && (one < end.partition || (one === end.partition && end.afterId !== undefined)),
      );
      const found = await Promise.all(
        partitions.map((one) => {
          const after = one === begin.partition ? begin.afterId : undefined;
          return queryRange(table, partitionKey(type, one), after, one === end.partition ? end.afterId : undefined);
        }),
      );
      return found.flat();
    },
    async records(type, ids) {
      const items = await sideBySide(ids, READS_AT_ONCE, async (id) => {
        const Key = keyItem({ type, id });
        return (await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }))).Item;
      });
      return items.flatMap((item) => (item === undefined ? [] : [inventoryRecord(item)]));
    },
    async expose(entity, record, { version, digest }) {
      // Whoever writes the item meanwhile changes its version or its checksum.
      const isUnchanged = [
        record.version === 0 ? 'attribute_not_exists(#version)' : '#version = :seen',
        record.checksum === undefined ? 'attribute_not_exists(#checksum)' : '#checksum = :checksum',
      ];
      const update = new UpdateItemCommand({
        TableName: tableName,
        Key: keyItem(entity),
        UpdateExpression:
          'SET #version = :version, #digest = :digest, #schema = :none, #revision = :none, ' +
          '#changedAt = if_not_exists(#changedAt, :epoch)',
        ConditionExpression: `attribute_exists(#pk) AND ${isUnchanged.join(' AND ')}`,
        ExpressionAttributeNames: {
          '#pk': ATTRIBUTE.partition,
          '#version': ATTRIBUTE.version,
          '#checksum': ATTRIBUTE.checksum,
          '#digest': ATTRIBUTE.digest,
          '#schema': ATTRIBUTE.schemaVersion,
          '#revision': ATTRIBUTE.fieldsRevision,
          '#changedAt': ATTRIBUTE.changedAt,
        },
        ExpressionAttributeValues: {
          ':version': { N: String(version) },
          ':digest': { S: digest },
          ':none': { N: '0' },
          ':epoch': { S: new Date(0).toISOString() },
          ...(record.version !== 0 && { ':seen': { N: String(record.version) } }),
          ...(record.checksum !== undefined && { ':checksum': { S: record.checksum } }),
        },
      });
      await isTaken(client.send(update));
    },
  };
}

/** The items of a partition whose ids are after one id and up to another. */
async function queryRange(
  { client, tableName }: CacheTable,
  key: string,
  after: string | undefined,
  upTo: string | undefined,
): Promise<InventoryRecord[]> {
  const records: InventoryRecord[] = [];
  let from: Item | undefined;
  // BETWEEN includes its beginning, which belongs to the range before.
  const limit =
    after === undefined
      ? upTo === undefined
        ? ''
        : ' AND #id <= :upTo'
      : upTo === undefined
        ? ' AND #id > :after'
        : ' AND #id BETWEEN :after AND :upTo';
  do {
    const answer: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: tableName,
        ConsistentRead: true,
        KeyConditionExpression: `#pk = :pk${limit}`,
        ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, ...(limit !== '' && { '#id': ATTRIBUTE.id }) },
        ExpressionAttributeValues: {
          ':pk': { S: key },
          ...(after !== undefined && { ':after': { S: after } }),
          ...(upTo !== undefined && { ':upTo': { S: upTo } }),
        },
        ExclusiveStartKey: from,
      }),
    );
    // At once, because a page of the owner may cover any number of items, whose data must not be in memory together.
    records.push(...(answer.Items ?? []).map(inventoryRecord));
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return after === undefined ? records : records.filter(({ id }) => id !== after);
}

/** Reads an item, also one that Freshet didn't write. */
function inventoryRecord(item: Item): InventoryRecord {
  const version = Number(item[ATTRIBUTE.version]?.N);
  const digest = item[ATTRIBUTE.digest]?.S;
  const changedAtMs = Date.parse(item[ATTRIBUTE.changedAt]?.S ?? '');
  const isPlaceholder = version === 0;
  const isReadable = Number.isSafeInteger(version) && digest !== undefined && !Number.isNaN(changedAtMs);
  return {
    id: item[ATTRIBUTE.id]?.S ?? '',
    version: Number.isSafeInteger(version) ? version : 0,
    digest: digest ?? '',
    changedAtMs: Number.isNaN(changedAtMs) ? 0 : changedAtMs,
    fieldsRevision: Number(item[ATTRIBUTE.fieldsRevision]?.N ?? 0),
    checksum: item[ATTRIBUTE.checksum]?.S,
    isIntact: isPlaceholder || (isReadable && isIntact(item)),
  };
}
