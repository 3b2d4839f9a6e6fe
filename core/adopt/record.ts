import type { Boundary, EntityContract } from '../contract/contract.ts';
import type { EntityRef } from '../entity.ts';
import { notRaised, wentBack } from './decide.ts';
import type { WireItem } from './item.ts';
import { type Mapped, type MappedEntity, mapItem, type Refusal } from './map.ts';
import { hasExpired } from './mend.ts';

/** A record of an existing table's stream. */
export interface TableRecord {
  readonly sequenceNumber: string;
  readonly streamArn: string;
  /** When the change was made, epoch milliseconds, rounded down to a second. */
  readonly atMs: number;
  /** Whether DynamoDB removed the item because of its time to live. */
  readonly isExpiry: boolean;
  readonly key: WireItem;
  /** The item before the change; undefined if it is new. */
  readonly before: WireItem | undefined;
  /** The item after the change; undefined if it was removed. */
  readonly after: WireItem | undefined;
  readonly kind: 'INSERT' | 'MODIFY' | 'REMOVE';
}

/** A change of one entity before it is compared with the copy. */
export interface PlannedChange {
  readonly entity: EntityRef;
  readonly contract: EntityContract;
  readonly change:
    | ({ readonly kind: 'put'; readonly isNew: boolean } & Pick<MappedEntity, 'version' | 'json' | 'expiresAtSeconds'>)
    | { readonly kind: 'remove' }
    | { readonly kind: 'expire' };
  /** The version of the item before the change; undefined if it isn't known, or the item didn't hold the entity. */
  readonly versionBefore: number | undefined;
}

/** What a record asks for. It is empty if nothing that the mappings read has changed. */
export interface Plan {
  readonly changes: readonly PlannedChange[];
  readonly refusals: readonly (Refusal & { readonly entity?: EntityRef | undefined })[];
}

const NOTHING: Plan = { changes: [], refusals: [] };
const OTHER: Mapped = { kind: 'other' };

/** Reads what a record changes. An item that holds another entity than before is a deletion and a new entity. */
export function planRecord(boundary: Pick<Boundary, 'owns'>, record: TableRecord): Plan {
  if (record.kind !== 'INSERT' && record.before === undefined) {
    const explanation = 'the record has no old image. Let the stream have the view type NEW_AND_OLD_IMAGES';
    return { changes: [], refusals: [{ reason: 'unmappable', explanation }] };
  }
  const before = record.before === undefined ? OTHER : mapItem(boundary, record.before);
  const after = record.after === undefined ? OTHER : mapItem(boundary, record.after);
  if (after.kind === 'refused') return { changes: [], refusals: [after] };
  if (after.kind === 'other') return removalOf(before, record);
  if (isSameEntity(before, after.found)) return putOf(after.found, before);
  const gone = removalOf(before);
  return { changes: [...gone.changes, newEntity(after.found, before)], refusals: gone.refusals };
}

function isSameEntity(before: Mapped, { entity }: MappedEntity): boolean {
  const was = before.kind === 'entity' ? before.found.entity : before.kind === 'refused' ? before.entity : undefined;
  return was?.type === entity.type && was.id === entity.id;
}

/** An item that the mapping couldn't read before may have held the entity. */
function newEntity({ entity, contract, ...item }: MappedEntity, before: Mapped): PlannedChange {
  const isNew = before.kind !== 'refused';
  return { entity, contract, change: { kind: 'put', isNew, ...item }, versionBefore: undefined };
}

function putOf({ entity, contract, ...item }: MappedEntity, before: Mapped): Plan {
  const { version, json } = item;
  const change = { kind: 'put', isNew: false, ...item } as const;
  if (before.kind !== 'entity')
    return { ...NOTHING, changes: [{ entity, contract, change, versionBefore: undefined }] };
  const was = before.found;
  if (version > was.version) return { ...NOTHING, changes: [{ entity, contract, change, versionBefore: was.version }] };
  // Only attributes outside the mapped state changed.
  if (version === was.version && json === was.json) return NOTHING;
  const refusal = version === was.version ? notRaised(version) : wentBack(was.version, version);
  return { changes: [], refusals: [{ ...refusal, entity }] };
}

/**
 * @param record the removal; undefined if the item holds another entity now
 */
function removalOf(before: Mapped, record?: TableRecord): Plan {
  if (before.kind === 'other') return NOTHING;
  const known = before.kind === 'entity' ? before.found : before;
  const { entity, contract } = known;
  // Without its id, nothing is known of what was removed. The next survey finds that the entity is gone.
  if (entity === undefined || contract === undefined)
    return before.kind === 'refused' ? { changes: [], refusals: [before] } : NOTHING;
  // A global table replicates the removal of an expired item to its other regions as a plain deletion.
  const { expiresAtSeconds = 0 } = before.kind === 'entity' ? before.found : {};
  const isExpiry = record !== undefined && (record.isExpiry || hasExpired(expiresAtSeconds, record.atMs));
  const isKept = isExpiry && contract.adopted?.deletedByExpiry !== true;
  const versionBefore = before.kind === 'entity' ? before.found.version : undefined;
  return { ...NOTHING, changes: [{ entity, contract, change: { kind: isKept ? 'expire' : 'remove' }, versionBefore }] };
}
