import { type Item, keyItem } from '../../adapters/aws/items.ts';
import { type EntityRef, HEARTBEAT_ID, liftedVersion, messageGroupId } from '../../core/entity.ts';
import { isTombstone, nextVersion, type OwnedEntity } from '../../core/own/own.ts';
import { canonicalState, type State, TOMBSTONE_DIGEST } from '../../core/state.ts';
import type { StreamRecord } from '../../local/lambda/stream-batch.ts';
import { ownerAt, type SchemaVersion, type Type } from './contracts.ts';

type OwnerItem = OwnedEntity & { readonly resync?: string | undefined };

/** The version or the resync that a record of the stream stands for. */
export interface Committed {
  readonly groupId: string;
  readonly version: number;
  readonly isResync: boolean;
  /** The request that a resync answers. */
  readonly token: string | undefined;
}

/** The owner's table in memory, with the conditions of adapters/own/owner-table.ts and a stream. */
export interface OwnerTable {
  readonly boundary: ReturnType<typeof ownerAt>;
  readonly items: ReadonlyMap<string, OwnerItem>;
  /** Commits a state, or a deletion. */
  commit(entity: EntityRef, state: State | undefined): 'created' | 'changed' | 'deleted' | 'unchanged';
  /** Commits the heartbeat of a type. */
  beat(type: Type): void;
  resync(entity: EntityRef, token: string): void;
  /**
   * The images of a type's items as they were at a time, as an eventually consistent read returns them. Items that were
   * restored count as old.
   */
  imagesAt(type: string, atMs: number): readonly Item[];
  backup(): ReadonlyMap<string, OwnerItem>;
  /** Replaces the table by an older backup, in the next epoch. */
  restore(backup: ReadonlyMap<string, OwnerItem>): void;
  /** Deploys the owner with the next schema version of Product. */
  upgrade(): void;
  lift(entity: EntityRef): void;
  bury(entity: EntityRef, cachedVersion: number): void;
}

const VIEW = 'NEW_AND_OLD_IMAGES';

/**
 * @param onRecord called with each record of the stream
 * @param onCommit called with each version
 */
export function createOwnerTable(
  nowMs: () => number,
  onRecord: (record: StreamRecord, committed: Committed) => void,
  onCommit: (owned: OwnedEntity) => void,
): OwnerTable {
  let boundary = ownerAt(0);
  let schemaVersion: SchemaVersion = 2;
  let items = new Map<string, OwnerItem>();
  /** The last write of each item, and the item before it. */
  const replaced = new Map<string, { readonly atMs: number; readonly before: OwnerItem | undefined }>();
  let sequence = 0;

  const write = (item: OwnerItem, isResync: boolean): void => {
    const groupId = messageGroupId(item.entity);
    const before = items.get(groupId);
    items.set(groupId, item);
    replaced.set(groupId, { atMs: nowMs(), before });
    sequence += 1;
    const record = recordOf(item, before, sequence, nowMs());
    if (!isResync) onCommit(item);
    onRecord(record, { groupId, version: item.version, isResync, token: isResync ? item.resync : undefined });
  };
  const next = (entity: EntityRef, version: number, state: State | undefined): OwnerItem => {
    const groupId = messageGroupId(entity);
    const { schemaVersion } = boundary.owns[entity.type as keyof typeof boundary.owns];
    const stamp = { entity, version, schemaVersion, changedAt: new Date(nowMs()).toISOString() };
    const resync = items.get(groupId)?.resync;
    if (state === undefined) return { ...stamp, digest: TOMBSTONE_DIGEST, stateJson: undefined, resync };
    const { json, digest } = canonicalState(entity, state);
    return { ...stamp, digest, stateJson: json, resync };
  };

  return {
    get boundary() {
      return boundary;
    },
    upgrade() {
      schemaVersion = 3;
      boundary = ownerAt(boundary.epoch, schemaVersion);
    },
    get items() {
      return items;
    },
    commit(entity, state) {
      const before = items.get(messageGroupId(entity));
      if (before === undefined && state === undefined) return 'unchanged';
      const item = next(entity, nextVersion(before?.version ?? 0, boundary.epoch), state);
      if (item.digest === before?.digest) return 'unchanged';
      write(item, false);
      if (state === undefined) return 'deleted';
      return before === undefined || isTombstone(before) ? 'created' : 'changed';
    },
    beat(type) {
      const entity = { type, id: HEARTBEAT_ID };
      const before = items.get(messageGroupId(entity));
      const version = nextVersion(before?.version ?? 0, boundary.epoch);
      const changedAt = new Date(nowMs()).toISOString();
      const { json, digest } = canonicalState(entity, { at: changedAt });
      // The condition of a commit: two heartbeats in the same millisecond are one.
      if (digest === before?.digest) return;
      write({ entity, version, schemaVersion: 1, changedAt, digest, stateJson: json }, false);
    },
    imagesAt(type, atMs) {
      return [...items].flatMap(([groupId, item]) => {
        if (item.entity.type !== type) return [];
        const last = replaced.get(groupId);
        const found = last !== undefined && last.atMs > atMs ? last.before : item;
        return found === undefined ? [] : [image(found)];
      });
    },
    resync(entity, token) {
      const item = items.get(messageGroupId(entity));
      // A write that changes nothing leaves no record.
      if (item !== undefined && item.resync !== token) write({ ...item, resync: token }, true);
    },
    backup: () => new Map(items),
    restore(backup) {
      boundary = ownerAt(boundary.epoch + 1, schemaVersion);
      items = new Map(backup);
      replaced.clear();
    },
    lift(entity) {
      const item = items.get(messageGroupId(entity));
      if (item === undefined) return;
      const version = liftedVersion(item.version, boundary.epoch);
      if (version !== item.version) write({ ...item, version }, false);
    },
    bury(entity, cachedVersion) {
      if (items.has(messageGroupId(entity))) return;
      write(next(entity, nextVersion(cachedVersion, boundary.epoch), undefined), false);
    },
  };
}

/** The stream's record of a write. */
function recordOf(item: OwnerItem, before: OwnerItem | undefined, sequence: number, nowMs: number): StreamRecord {
  return {
    eventID: String(sequence),
    eventName: before ? 'MODIFY' : 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-central-1',
    dynamodb: {
      ApproximateCreationDateTime: nowMs / 1000,
      Keys: keyOf(item.entity),
      NewImage: image(item),
      ...(before && { OldImage: image(before) }),
      SequenceNumber: String(sequence).padStart(21, '0'),
      SizeBytes: 1,
      StreamViewType: VIEW,
    },
  };
}

const keys = new Map<string, ReturnType<typeof keyItem>>();

function keyOf(entity: EntityRef): ReturnType<typeof keyItem> {
  const groupId = messageGroupId(entity);
  let key = keys.get(groupId);
  if (key === undefined) {
    key = keyItem(entity);
    keys.set(groupId, key);
  }
  return key;
}

const images = new WeakMap<OwnerItem, Item>();

/** The item in wire form. Each is made once, because the next record and the pages of the owner have it too. */
function image(item: OwnerItem): Item {
  let made = images.get(item);
  if (made === undefined) {
    made = imageOf(item);
    images.set(item, made);
  }
  return made;
}

function imageOf({ entity, version, digest, schemaVersion, changedAt, stateJson, resync }: OwnerItem) {
  return {
    ...keyOf(entity),
    version: { N: String(version) },
    schemaVersion: { N: String(schemaVersion) },
    digest: { S: digest },
    changedAt: { S: changedAt },
    ...(stateJson !== undefined && { state: { S: stateJson } }),
    ...(resync !== undefined && { resync: { S: resync } }),
  };
}
