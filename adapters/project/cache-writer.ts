import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { compressedIfSmaller } from '../../core/compression.ts';
import { utf8Bytes } from '../../core/entity.ts';
import type { CachedItem, Expectation, ProjectPorts, WriteResult } from '../../core/project/ports.ts';
import { MAX_COMPRESSED_STATE_BYTES, MAX_STATE_BYTES } from '../../core/state.ts';
import { ATTRIBUTE, checksum, type Item, indexAttribute, jsonAttributes, keyItem, storedItem } from '../aws/items.ts';
import type { CacheTable } from '../read/table.ts';

/** The projector's ports to the cache's table: reads and conditional writes. */
export function createCacheWriter({ tableName, client }: CacheTable): Pick<ProjectPorts, 'read' | 'write'> {
  return {
    async read(entity) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyItem(entity), ConsistentRead: true }),
      );
      return Item && storedItem(Item);
    },
    async write(item, expectation): Promise<WriteResult> {
      const dataBytes = utf8Bytes(item.dataJson ?? '');
      if (dataBytes > MAX_STATE_BYTES) {
        // Such as of an upcast that added fields. Nothing decompresses more.
        return { kind: 'unstorable', message: `${dataBytes} bytes of data; a cache reads at most ${MAX_STATE_BYTES}` };
      }
      const compressed = compressedForm(item);
      if ((compressed?.length ?? dataBytes) > MAX_COMPRESSED_STATE_BYTES) {
        const form = compressed && `, which gzip compresses to ${compressed.length}`;
        const message = `${dataBytes} bytes of data${form ?? ''}; the cache's table holds ${MAX_COMPRESSED_STATE_BYTES}`;
        return { kind: 'unstorable', message };
      }
      try {
        await client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: toItem({ ...item, compressed }, expectation),
            ...conditionOf(item, expectation),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return { kind: 'stored' };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = error.Item && storedItem(error.Item);
        return stored?.stopMarker === expectation.stopMarker ? { kind: 'refused', stored } : { kind: 'stopped' };
      }
    },
  };
}

/** The compressed form in which an item's data is stored; undefined for data that is stored as it is. */
function compressedForm({ dataJson, compressed }: CachedItem): Uint8Array | undefined {
  return compressed ?? (dataJson === undefined ? undefined : compressedIfSmaller(dataJson));
}

/** A write's condition, with the names that it uses and no others: DynamoDB refuses unused names. */
function conditionOf(item: CachedItem, { stored, stopMarker }: Expectation) {
  const notStopped = stopMarker === undefined ? 'attribute_not_exists(#stopped)' : '#stopped = :stopped';
  const isOlder = '#version = :version AND #digest = :digest AND (#revision < :revision OR #schema < :schema)';
  const expected =
    stored.kind === 'newer'
      ? `(attribute_not_exists(#pk) OR #version < :version OR (${isOlder}))`
      : '#version = :version AND #digest = :digest AND #revision = :revision AND #schema = :schema';
  const { version, digest, schemaVersion, fieldsRevision } = stored.kind === 'base' ? stored.base : item;
  return {
    ConditionExpression: `${notStopped} AND ${expected}`,
    ExpressionAttributeNames: {
      ...(stored.kind === 'newer' && { '#pk': ATTRIBUTE.partition }),
      '#stopped': ATTRIBUTE.stopped,
      '#version': ATTRIBUTE.version,
      '#digest': ATTRIBUTE.digest,
      '#revision': ATTRIBUTE.fieldsRevision,
      '#schema': ATTRIBUTE.schemaVersion,
    },
    ExpressionAttributeValues: {
      ':version': { N: String(version) },
      ':digest': { S: digest },
      ':revision': { N: String(fieldsRevision) },
      ':schema': { N: String(schemaVersion) },
      ...(stopMarker !== undefined && { ':stopped': { N: String(stopMarker) } }),
    },
  };
}

/**
 * The item of a write. The stop marker stays. While the entity is stopped, a tombstone doesn't expire: the marker would
 * expire with it.
 */
function toItem(item: CachedItem, { stopMarker }: Expectation): Item {
  const indexed = Object.entries(item.indexed).map(([index, value]) => [indexAttribute(index), { S: value }] as const);
  const expires = stopMarker === undefined && item.expiresAtSeconds !== undefined;
  const written: Item = {
    ...keyItem(item.entity),
    [ATTRIBUTE.version]: { N: String(item.version) },
    [ATTRIBUTE.digest]: { S: item.digest },
    [ATTRIBUTE.changedAt]: { S: item.changedAt },
    [ATTRIBUTE.schemaVersion]: { N: String(item.schemaVersion) },
    [ATTRIBUTE.fieldsRevision]: { N: String(item.fieldsRevision) },
    ...Object.fromEntries(indexed),
    ...(item.dataJson !== undefined && jsonAttributes('data', item.dataJson, item.compressed)),
    ...(expires && { [ATTRIBUTE.expiresAt]: { N: String(item.expiresAtSeconds) } }),
    ...(stopMarker !== undefined && { [ATTRIBUTE.stopped]: { N: String(stopMarker) } }),
  };
  return { ...written, [ATTRIBUTE.checksum]: { S: checksum(written) } };
}
