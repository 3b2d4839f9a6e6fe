import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type EntityRef, entityRef, tableKey } from '../core/entity.ts';
import type { OwnedEntity } from '../core/own.ts';

/** A DynamoDB item in wire form; written and read by hand, since a table of nine flat attributes needs no marshaller. */
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
  fieldsRevision: 'fieldsRevision',
  expiresAt: 'expiresAt',
} as const;

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

/** Reads version, digest and commit time, which owner and cache items share. Throws on an item that Freshet didn't write. */
export function readStamp(item: Item): { version: number; digest: string; changedAt: string } {
  const version = Number(item[ATTRIBUTE.version]?.N);
  const digest = item[ATTRIBUTE.digest]?.S;
  const changedAt = item[ATTRIBUTE.changedAt]?.S;
  if (!Number.isSafeInteger(version) || version < 1 || digest === undefined || changedAt === undefined) {
    throw new Error('not an item that Freshet wrote: version, digest and changedAt are needed');
  }
  return { version, digest, changedAt };
}

/** Reads an owner table's item or stream image. Throws on an item that the owner's interface didn't write. */
export function ownedEntity(item: Item): OwnedEntity {
  return { entity: itemEntity(item), ...readStamp(item), stateJson: item[ATTRIBUTE.state]?.S };
}
