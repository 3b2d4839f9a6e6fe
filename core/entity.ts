import { createHash } from 'node:crypto';
import { FreshetError, quoted } from './errors.ts';

/** The thing that is versioned, named by type and id. */
export interface EntityRef {
  readonly type: string;
  readonly id: string;
}

/** Longest id in UTF-8 bytes: DynamoDB's limit for a sort key (ddb/Constraints, "Sort key length", 2026-11-23). */
export const MAX_ID_BYTES = 1024;

/** Highest version: the largest integer that every JSON reader keeps exactly. */
export const MAX_VERSION = Number.MAX_SAFE_INTEGER;

/** Whether a value is a version: an integer from 1. */
export function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

/** Partitions over which one type's entities are spread in a table, each good for 1,000 writes/s (ddb/bp-partition-key-design). */
export const PARTITIONS_PER_TYPE = 8;

/**
 * Longest message group id that Freshet makes. SNS and SQS allow 128 characters for group and deduplication id
 * (sns/fifo-message-grouping, sqs/sqs-message-metadata); 17 are kept for `@version` and 24 for a repair's suffix.
 */
const MAX_GROUP_ID_LENGTH = 128 - 17 - 24;

const TYPE_PATTERN = /^[A-Za-z][A-Za-z0-9]{0,39}$/;

/** ASCII letters, digits and punctuation: what SNS and SQS accept in group and deduplication ids. */
const SAFE_ID = /^[!-~]+$/;

const utf8 = new TextEncoder();

/** Length of a text in UTF-8 bytes. */
export function utf8Bytes(text: string): number {
  return utf8.encode(text).length;
}

/** Checks an entity type's name: a letter, then up to 39 letters or digits. Throws `InvalidEntityType`. */
export function assertEntityType(type: unknown): asserts type is string {
  if (typeof type !== 'string' || !TYPE_PATTERN.test(type)) {
    throw new FreshetError(
      `type: not a valid entity type: ${quoted(type)}. Allowed: 1 to 40 ASCII letters and digits, a letter first.`,
      { code: 'InvalidEntityType', field: 'type' },
    );
  }
}

/** Why a text can't travel in a message as it is; undefined if it can. SQS takes all of Unicode but U+FFFE and U+FFFF (sqs/API_SendMessage). */
export function textProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return 'not well-formed Unicode (a lone surrogate)';
  if (/[\uFFFE\uFFFF]/.test(text)) return 'holds U+FFFE or U+FFFF, which no message can carry';
  return undefined;
}

/** Checks an entity id: any script, 1 to 1,024 UTF-8 bytes, well-formed Unicode. Throws `InvalidEntityId`. */
export function assertEntityId(id: unknown): asserts id is string {
  const problem =
    typeof id !== 'string'
      ? 'not a text'
      : id === ''
        ? 'empty'
        : (textProblem(id) ??
          (utf8Bytes(id) > MAX_ID_BYTES ? `too long (${utf8Bytes(id)} bytes in UTF-8)` : undefined));
  if (problem !== undefined) {
    throw new FreshetError(
      `id: ${problem}: ${quoted(id)}. Allowed: 1 to ${MAX_ID_BYTES} bytes of UTF-8 text in any script.`,
      { code: 'InvalidEntityId', field: 'id' },
    );
  }
}

/** Builds a checked reference. Throws `InvalidEntityType` or `InvalidEntityId`. */
export function entityRef(type: unknown, id: unknown): EntityRef {
  assertEntityType(type);
  assertEntityId(id);
  return { type, id };
}

/** A text for people: control characters, which a terminal obeys, are escaped. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `Type/id`, for people: messages, logs, tables. */
export function entityName(entity: EntityRef): string {
  return `${entity.type}/${printable(entity.id)}`;
}

/**
 * The entity's message group: `Type/id` where the id is short printable ASCII, else `Type#` and the id's SHA-256.
 * A type has neither `/` nor `#`, so no readable id can collide with a hashed one, and no two ids share a group.
 */
export function messageGroupId(entity: EntityRef): string {
  const readable = `${entity.type}/${entity.id}`;
  return SAFE_ID.test(entity.id) && readable.length <= MAX_GROUP_ID_LENGTH
    ? readable
    : `${entity.type}#${sha256(entity.id)}`;
}

/** The entity that a message group names, where the id is readable; undefined for any other text. */
export function entityOfGroup(groupId: string): EntityRef | undefined {
  const slash = groupId.indexOf('/');
  const entity = { type: groupId.slice(0, Math.max(slash, 0)), id: groupId.slice(slash + 1) };
  return TYPE_PATTERN.test(entity.type) && entity.id !== '' && messageGroupId(entity) === groupId ? entity : undefined;
}

/** The entity type that a message group is of; any other text is returned as far as it could be one. */
export function typeOfGroup(groupId: string): string {
  return groupId.split(/[/#]/, 1)[0] ?? '';
}

/** The longest suffix of a deduplication id, its sign included. */
const MAX_SUFFIX_LENGTH = 24;

/**
 * The deduplication id of one version: group, `@`, version. Never a content hash: A, B, A within five minutes would lose
 * the last A. The version holds only digits, so the last `@` splits it off and two versions never share an id. What is sent again on
 * purpose needs a suffix of its own: under the old id a topic or queue takes it, says yes, and drops it (sns/fifo-message-dedup).
 *
 * @param again why and in which request, `{ kind: 'resync', token: '…' }`; the token is ASCII without spaces, at most 22 characters
 */
export function deduplicationId(entity: EntityRef, version: number, again?: SentAgain): string {
  const id = `${messageGroupId(entity)}@${version}`;
  if (again === undefined) return id;
  const suffix = `${again.kind === 'resync' ? '~r' : '~b'}${again.token}`;
  if (!SAFE_ID.test(suffix) || suffix.length > MAX_SUFFIX_LENGTH) {
    throw new Error(
      `token: ${quoted(again.token)}. Allowed: 1 to ${MAX_SUFFIX_LENGTH - 2} printable ASCII characters.`,
    );
  }
  return id + suffix;
}

/** Why a version is sent once more, and the request that asked for it. */
export interface SentAgain {
  readonly kind: 'resync' | 'backfill';
  readonly token: string;
}

/**
 * Versions of one epoch. A restored table begins a new epoch, so whatever it commits is newer than anything that was published before:
 * version = epoch × EPOCH_SIZE + count. 9,007 epochs fit below MAX_VERSION.
 */
export const EPOCH_SIZE = 1_000_000_000_000;

/** The version that an entity has in an epoch with the count it had before: unchanged if it is in that epoch or a later one. */
export function liftedVersion(version: number, epoch: number): number {
  return version >= epoch * EPOCH_SIZE ? version : epoch * EPOCH_SIZE + (version % EPOCH_SIZE);
}

/**
 * Id of a type's heartbeat: an entity that its owner changes on a schedule, so that "nothing changed" can be told from "nothing arrives". It
 * goes every entity's way; nobody else may write it, no list shows it, and no schema binds it.
 */
export const HEARTBEAT_ID = 'freshet:heartbeat';

/** Whether an entity is its type's heartbeat. */
export function isHeartbeat({ id }: EntityRef): boolean {
  return id === HEARTBEAT_ID;
}

/** Keeps a heartbeat from users. Throws `InvalidEntityId`. */
export function assertNotHeartbeat(entity: EntityRef): void {
  if (!isHeartbeat(entity)) return;
  throw new FreshetError(
    `id: reserved: ${quoted(entity.id)} is the heartbeat of ${entity.type}, which Freshet alone writes. Choose another id.`,
    { code: 'InvalidEntityId', field: 'id', entity },
  );
}

/** Where an entity lies in an owner's or a cache's table. */
export interface TableKey {
  /** Partition key: type and partition, `Country#3`. */
  readonly pk: string;
  /** Sort key: the entity's id. */
  readonly id: string;
}

/** One item per entity; the partition is drawn from the id, so one type is spread over PARTITIONS_PER_TYPE keys. A heartbeat lies beside them. */
export function tableKey(entity: EntityRef): TableKey {
  if (isHeartbeat(entity)) return { pk: `${entity.type}#heartbeat`, id: entity.id };
  const first = createHash('sha256').update(entity.id, 'utf8').digest()[0] ?? 0;
  return { pk: partitionKey(entity.type, first % PARTITIONS_PER_TYPE), id: entity.id };
}

/** The partition key of one of a type's partitions, 0 to PARTITIONS_PER_TYPE - 1. */
export function partitionKey(type: string, partition: number): string {
  return `${type}#${partition}`;
}

/** SHA-256 as base64url: 43 characters of the alphabet that SNS and SQS accept. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}
