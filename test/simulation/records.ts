import { type EntityRef, HEARTBEAT_ID, messageGroupId, PARTITIONS_PER_TYPE, tableKey } from '../../core/entity.ts';
import type { CachedItem } from '../../core/project/ports.ts';
import { decodeCursor } from '../../core/read/read.ts';
import type { InventoryRecord } from '../../core/repair/compare-page.ts';
import type { InventoryPorts } from '../../core/repair/inventory.ts';
import type { SuspectPorts } from '../../core/repair/look.ts';
import { checksumOf } from '../support/in-memory-cache.ts';
import type { Tables } from './cache-tables.ts';

/** The ports of adapters/repair/inventory-records.ts to a cache's table, without latency. */
export type Records = Pick<InventoryPorts, 'range' | 'records'> & Pick<SuspectPorts, 'expose'>;

export function createRecords({ raw }: Pick<Tables, 'raw'>): Records {
  const { stored, checksums, stopped } = raw;
  const recordOf = (entity: EntityRef): InventoryRecord[] => {
    const groupId = messageGroupId(entity);
    const item = stored.get(groupId);
    if (item !== undefined) return [recordOfItem(item, checksums.get(groupId))];
    return stopped.has(groupId) ? [placeholder(entity.id)] : [];
  };
  return {
    async range(type, from, to) {
      const begin = decodeCursor(from);
      const end = to === undefined ? { partition: PARTITIONS_PER_TYPE, afterId: undefined } : decodeCursor(to);
      const entities = [...new Set([...stored.keys(), ...stopped.keys()])]
        .map((groupId) => ({ type, id: groupId.slice(type.length + 1), groupId }))
        .filter(({ id, groupId }) => groupId === `${type}/${id}` && id !== HEARTBEAT_ID)
        .filter((entity) => isAfter(entity, begin) && !isAfter(entity, end));
      return entities.flatMap(recordOf);
    },
    records: async (type, ids) => ids.flatMap((id) => recordOf({ type, id })),
    async expose(entity, record, { version, digest }) {
      const groupId = messageGroupId(entity);
      const item = stored.get(groupId);
      if (item === undefined || item.version !== record.version || checksums.get(groupId) !== record.checksum) return;
      stored.set(groupId, { ...item, version, digest, schemaVersion: 0, fieldsRevision: 0 });
    },
  };
}

/** Whether an entity is after a position, in the order of a table of Freshet's. */
function isAfter(entity: EntityRef, { partition, afterId }: ReturnType<typeof decodeCursor>): boolean {
  const { pk } = tableKey(entity);
  const own = Number(pk.slice(pk.lastIndexOf('#') + 1));
  return own > partition || (own === partition && (afterId === undefined || entity.id > afterId));
}

function recordOfItem(item: CachedItem, checksum: string | undefined): InventoryRecord {
  const { entity, version, digest, changedAt, fieldsRevision } = item;
  const isIntact = checksum === checksumOf(item);
  return { id: entity.id, version, digest, changedAtMs: Date.parse(changedAt), fieldsRevision, checksum, isIntact };
}

function placeholder(id: string): InventoryRecord {
  return { id, version: 0, digest: '', changedAtMs: 0, fieldsRevision: 0, checksum: undefined, isIntact: true };
}
