import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { decompressed } from '../../core/compression.ts';
import { type EntityRef, entityRef, sha256, tableKey } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { StoredItem } from '../../core/project/ports.ts';
import { MAX_STATE_BYTES } from '../../core/state.ts';
import { traceparentOf } from '../../core/trace.ts';

/**
 * A DynamoDB item in wire form. Items have a dozen flat attributes, so they are written and read without a marshaller.
 */
export type Item = Record<string, AttributeValue>;

/** Attribute names of owner and cache tables. `pk` and `id` are the key. */
export const ATTRIBUTE = {
  partition: 'pk',
  id: 'id',
  version: 'version',
  digest: 'digest',
  changedAt: 'changedAt',
  /** Canonical JSON of an owner's full state, or COMPRESSED_TEXT. */
  state: 'state',
  /** JSON of the fields that a cache keeps, or COMPRESSED_TEXT. */
  data: 'data',
  /** The compressed form of the JSON, binary. Only if it is stored so. */
  compressed: 'compressed',
  /** The schema version of an owner's committed state, or of a cache's data after upcasts. */
  schemaVersion: 'schemaVersion',
  fieldsRevision: 'fieldsRevision',
  /** A cache's checksum of the attributes that the projector wrote. */
  checksum: 'checksum',
  /** The stop marker of an entity, see `StoredItem`. Absent while the entity isn't stopped. */
  stopped: 'stopped',
  /** The trace in which an owner's version was committed, as W3C's `traceparent`. */
  traceparent: 'traceparent',
  /** The version of the last deletion of an owner's entity. It stays when the entity is created again. */
  deletedVersion: 'deletedVersion',
  /** The last request to publish an owner's entity again. */
  resync: 'resync',
  expiresAt: 'expiresAt',
} as const;

/**
 * The text in `state` or `data` beside a compressed form. A release that doesn't know compressed forms would take an
 * item without a text for a deleted entity. It fails on this text instead, because the text isn't JSON.
 */
export const COMPRESSED_TEXT = 'gzip: needs a newer freshet-aws';

/** Attribute names of a saga's table, in addition to the key. The table holds instances and effects. */
export const SAGA_ATTRIBUTE = {
  /**
   * When an instance's alert is due, epoch milliseconds. Present only while an alert is due, so that its index holds
   * those instances only.
   */
  dueAt: 'dueAt',
  revision: 'revision',
  /** The instance's JSON. */
  instance: 'instance',
  /** The JSON of a `Review`. */
  review: 'review',
  /** The saga that recorded an effect. */
  saga: 'saga',
  recordedAt: 'recordedAt',
} as const;

/** The global secondary index of due alerts: partition key `pk`, sort key `dueAt`. */
export const DUE_INDEX = 'due';

/**
 * Partition key of the one item that says how stale a cache may be. No entity has an empty type, so no entity has this
 * key and no list includes it.
 */
export const STALENESS_PARTITION = '#staleness';

/** The attribute, and the global secondary index, that lists a cache by one of its declared indexes. */
export function indexAttribute(index: string): string {
  return `by_${index}`;
}

export function keyItem(entity: EntityRef): { pk: AttributeValue; id: AttributeValue } {
  const { pk, id } = tableKey(entity);
  return { pk: { S: pk }, id: { S: id } };
}

/** The entity that an item's key names. The type is the part before the partition number. */
export function itemEntity(item: Item): EntityRef {
  const pk = item[ATTRIBUTE.partition]?.S ?? '';
  return entityRef(pk.slice(0, pk.lastIndexOf('#')), item[ATTRIBUTE.id]?.S);
}

/** Number of characters of a checksum: 96 bits. It finds accidents and changes by hand, and no attacks. */
const CHECKSUM_LENGTH = 16;

/** Returns the checksum of a cache's item: of its version, its digest, its data and the values of its indexes. */
export function checksum(item: Item): string {
  const indexed = Object.keys(item).filter((name) => name.startsWith(indexAttribute('')));
  const values = indexed.sort().map((name) => [name, item[name]?.S]);
  const { version, digest, data } = ATTRIBUTE;
  const compressed = compressedOf(item);
  const content = [
    item[version]?.N,
    item[digest]?.S,
    item[data]?.S,
    values,
    ...(compressed ? [sha256(compressed)] : []),
  ];
  return sha256(JSON.stringify(content)).slice(0, CHECKSUM_LENGTH);
}

/** Whether a cache's item is as the projector wrote it. An item of a release without checksums has none. */
export function isIntact(item: Item): boolean {
  const written = item[ATTRIBUTE.checksum]?.S;
  return written === undefined || written === checksum(item);
}

/** The attributes that owner items and cache items share. */
export interface Stamp {
  readonly version: number;
  readonly digest: string;
  readonly changedAt: string;
  readonly schemaVersion: number;
}

/** Reads an item's stamp. Throws on an item that Freshet didn't write. */
export function readStamp(item: Item): Stamp {
  const version = Number(item[ATTRIBUTE.version]?.N);
  const schemaVersion = Number(item[ATTRIBUTE.schemaVersion]?.N);
  const digest = item[ATTRIBUTE.digest]?.S;
  const changedAt = item[ATTRIBUTE.changedAt]?.S;
  const isNumbered = Number.isSafeInteger(version) && version >= 1 && Number.isSafeInteger(schemaVersion);
  if (!isNumbered || digest === undefined || changedAt === undefined) {
    throw new Error('not an item that Freshet wrote: version, schemaVersion, digest and changedAt are needed');
  }
  return { version, digest, changedAt, schemaVersion };
}

/** Whether a cache's item only carries a stop marker, because no version of the entity has arrived. */
export function isPlaceholder(item: Item): boolean {
  return item[ATTRIBUTE.version]?.N === '0';
}

/** JSON as an item holds it. */
interface HeldJson {
  /** Undefined for a tombstone. Throws NotDecompressed. */
  readonly json: string | undefined;
  readonly compressed: Uint8Array | undefined;
}

/** Returns the JSON of an item, which is decompressed when it is first read, and only once. */
export function heldJson(item: Item, attribute: 'state' | 'data'): HeldJson {
  const compressed = compressedOf(item);
  let json = compressed === undefined ? item[attribute]?.S : undefined;
  return {
    compressed,
    get json() {
      if (compressed !== undefined) json ??= decompressed(compressed, MAX_STATE_BYTES);
      return json;
    },
  };
}

/** The compressed form in an item. In an event of Lambda, binary values are base64. */
function compressedOf(item: Item): Uint8Array | undefined {
  const bytes: unknown = item[ATTRIBUTE.compressed]?.B;
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : (bytes as Uint8Array | undefined);
}

/** The attributes of JSON in one of its two forms. @param attribute the attribute of plain JSON */
export function jsonAttributes(
  attribute: 'state' | 'data',
  json: string,
  compressed: Uint8Array | undefined,
): Record<string, AttributeValue> {
  if (compressed === undefined) return { [ATTRIBUTE[attribute]]: { S: json } };
  return { [ATTRIBUTE[attribute]]: { S: COMPRESSED_TEXT }, [ATTRIBUTE.compressed]: { B: compressed } };
}

/** Reads an owner table's item or stream image. Throws on an item that the owner's interface didn't write. */
export function ownedEntity(item: Item): OwnedEntity {
  const traceparent = traceparentOf(item[ATTRIBUTE.traceparent]?.S);
  const held = heldJson(item, 'state');
  return {
    entity: itemEntity(item),
    ...readStamp(item),
    get stateJson() {
      return held.json;
    },
    ...(held.compressed && { compressed: held.compressed }),
    traceparent,
  };
}

/** Reads a cache's item for the projector. */
export function storedItem(item: Item): StoredItem {
  const marker = item[ATTRIBUTE.stopped]?.N;
  const stopMarker = marker === undefined ? undefined : Number(marker);
  if (isPlaceholder(item)) {
    const none = { version: 0, digest: '', schemaVersion: 0, fieldsRevision: 0, dataJson: undefined };
    return { ...none, isIntact: true, stopMarker };
  }
  const { version, digest, schemaVersion } = readStamp(item);
  const fieldsRevision = Number(item[ATTRIBUTE.fieldsRevision]?.N);
  const held = heldJson(item, 'data');
  return {
    ...{ version, digest, schemaVersion, fieldsRevision, isIntact: isIntact(item), stopMarker },
    get dataJson() {
      return held.json;
    },
  };
}
