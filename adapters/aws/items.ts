import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type EntityRef, entityRef, tableKey } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { StoredItem } from '../../core/project/ports.ts';
import { traceparentOf } from '../../core/trace.ts';

/** A DynamoDB item in wire form; written and read by hand, since a table of a dozen flat attributes needs no marshaller. */
export type Item = Record<string, AttributeValue>;

/** Attribute names of owner and cache tables; `pk` and `id` are the key. */
export const ATTRIBUTE = {
  partition: 'pk',
  id: 'id',
  version: 'version',
  digest: 'digest',
  changedAt: 'changedAt',
  /** Canonical JSON of an owner's full state. */
  state: 'state',
  /** JSON of the fields that a cache keeps. */
  data: 'data',
  /** Schema version that an owner's state was committed under, or that a cache's data was brought to. */
  schemaVersion: 'schemaVersion',
  fieldsRevision: 'fieldsRevision',
  /** A stopped entity's marker, see `StoredItem`; absent while it isn't stopped. */
  stopped: 'stopped',
  /** The trace in which an owner's version was committed, as W3C's `traceparent`. */
  traceparent: 'traceparent',
  /** The last request to publish an owner's entity once more. */
  resync: 'resync',
  expiresAt: 'expiresAt',
} as const;

/** Attribute names of a saga's table beside the key's; instances and effects lie side by side. */
export const SAGA_ATTRIBUTE = {
  /** When an instance's alert is raised, epoch milliseconds; only while one is to be raised, so that an index on it holds those alone. */
  dueAt: 'dueAt',
  revision: 'revision',
  /** The instance's JSON. */
  instance: 'instance',
  /** The saga that recorded an effect. */
  saga: 'saga',
  recordedAt: 'recordedAt',
} as const;

/** The global secondary index of what is due: partition key `pk`, sort key `dueAt`. */
export const DUE_INDEX = 'due';

/** Partition key of the one item that says how stale a cache may be. No entity type is empty, so it is no entity's, and no list comes upon it. */
export const STALENESS_PARTITION = '#staleness';

/** The attribute, and the global secondary index, that lists a cache by one of its declared indexes. */
export function indexAttribute(index: string): string {
  return `by_${index}`;
}

export function keyItem(entity: EntityRef): { pk: AttributeValue; id: AttributeValue } {
  const { pk, id } = tableKey(entity);
  return { pk: { S: pk }, id: { S: id } };
}

/** The entity that an item's key names: the type is what precedes the partition number. */
export function itemEntity(item: Item): EntityRef {
  const pk = item[ATTRIBUTE.partition]?.S ?? '';
  return entityRef(pk.slice(0, pk.lastIndexOf('#')), item[ATTRIBUTE.id]?.S);
}

/** What owner and cache items share. */
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

/** Whether a cache's item only carries a stop marker: no version of the entity has arrived. */
export function isPlaceholder(item: Item): boolean {
  return item[ATTRIBUTE.version]?.N === '0';
}

/** Reads an owner table's item or stream image. Throws on an item that the owner's interface didn't write. */
export function ownedEntity(item: Item): OwnedEntity {
  const traceparent = traceparentOf(item[ATTRIBUTE.traceparent]?.S);
  return { entity: itemEntity(item), ...readStamp(item), stateJson: item[ATTRIBUTE.state]?.S, traceparent };
}

/** What a cache's item says to the projector. */
export function storedItem(item: Item): StoredItem {
  const marker = item[ATTRIBUTE.stopped]?.N;
  const stopMarker = marker === undefined ? undefined : Number(marker);
  if (isPlaceholder(item)) {
    return { version: 0, digest: '', schemaVersion: 0, fieldsRevision: 0, dataJson: undefined, stopMarker };
  }
  const { version, digest, schemaVersion } = readStamp(item);
  const fieldsRevision = Number(item[ATTRIBUTE.fieldsRevision]?.N);
  return { version, digest, schemaVersion, fieldsRevision, dataJson: item[ATTRIBUTE.data]?.S, stopMarker };
}
