import { hash } from 'node:crypto';
import { FreshetError, quoted } from './errors.ts';

/** Names one entity, the unit that has a version. */
export interface EntityRef {
  /** Entity type: 1 to 40 ASCII letters and digits, starting with a letter. */
  readonly type: string;
  /** Id of the entity within its type: 1 to 1,024 bytes of well-formed UTF-8 text in any script. */
  readonly id: string;
}

/** Longest id in UTF-8 bytes: DynamoDB's limit for a sort key (ddb/Constraints, "Sort key length", 2026-11-23). */
export const MAX_ID_BYTES = 1024;

/** Highest version: the largest integer that every JSON reader represents exactly. */
export const MAX_VERSION = Number.MAX_SAFE_INTEGER;

/** Whether a value is a version: an integer from 1. */
export function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

/**
 * Number of table partitions that the entities of one type are spread over. Each allows 1,000 writes a second
 * (ddb/bp-partition-key-design).
 */
export const PARTITIONS_PER_TYPE = 8;

/**
 * Maximum length of a message group id, in characters. A deduplication id consists of the group id, `@version` (17
 * characters) and a repair's suffix (24), and SNS and SQS allow 128 characters in it (sns/fifo-message-grouping,
 * sqs/sqs-message-metadata).
 */
const MAX_GROUP_ID_LENGTH = 128 - 17 - 24;

const TYPE_PATTERN = /^[A-Za-z][A-Za-z0-9]{0,39}$/;

/** The characters that SNS and SQS accept in group and deduplication ids: ASCII letters, digits and punctuation. */
const SAFE_ID = /^[!-~]+$/;

/** Length of a text in UTF-8 bytes. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}

/**
 * Checks an entity type's name: 1 to 40 ASCII letters and digits, starting with a letter. Throws `InvalidEntityType`.
 */
export function assertEntityType(type: unknown): asserts type is string {
  if (typeof type !== 'string' || !TYPE_PATTERN.test(type)) {
    throw new FreshetError(
      `type: not a valid entity type: ${quoted(type)}. ` +
        'Allowed: 1 to 40 ASCII letters and digits, starting with a letter.',
      { code: 'InvalidEntityType', field: 'type' },
    );
  }
}

/**
 * Returns why a message can't carry a text, or undefined if it can. SQS accepts all of Unicode except U+FFFE and U+FFFF
 * (sqs/API_SendMessage).
 */
export function textProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return 'not well-formed Unicode (a lone surrogate)';
  if (/[\uFFFE\uFFFF]/.test(text)) return 'contains U+FFFE or U+FFFF, which no message can carry';
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

/** Checks a type and an id and returns them as a reference. Throws `InvalidEntityType` or `InvalidEntityId`. */
export function entityRef(type: unknown, id: unknown): EntityRef {
  assertEntityType(type);
  assertEntityId(id);
  return { type, id };
}

/** Escapes the control characters of a text, so that it can't control a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Returns `Type/id` for messages, logs and tables. */
export function entityName(entity: EntityRef): string {
  return `${entity.type}/${printable(entity.id)}`;
}

/**
 * Returns the entity's message group: `Type/id` if the id is short printable ASCII, else `Type#` and the id's SHA-256.
 * A type contains neither `/` nor `#`, so a readable group never equals a hashed one and no two entities share a group.
 */
export function messageGroupId(entity: EntityRef): string {
  const readable = `${entity.type}/${entity.id}`;
  return SAFE_ID.test(entity.id) && readable.length <= MAX_GROUP_ID_LENGTH
    ? readable
    : `${entity.type}#${sha256(entity.id)}`;
}

/** Returns the entity of a message group that contains the id itself; undefined for a hashed id or any other text. */
export function entityOfGroup(groupId: string): EntityRef | undefined {
  const slash = groupId.indexOf('/');
  const entity = { type: groupId.slice(0, Math.max(slash, 0)), id: groupId.slice(slash + 1) };
  return TYPE_PATTERN.test(entity.type) && entity.id !== '' && messageGroupId(entity) === groupId ? entity : undefined;
}

/** Returns the entity type of a message group; of any other text, the part before the first `/` or `#`. */
export function typeOfGroup(groupId: string): string {
  return groupId.split(/[/#]/, 1)[0] ?? '';
}

/** Maximum length of a deduplication id's suffix in characters, `~r` or `~b` included. */
const MAX_SUFFIX_LENGTH = 24;

/**
 * Returns the deduplication id of one version: group, `@`, version. It isn't a content hash, because the changes A, B,
 * A within five minutes would lose the last A. The version contains only digits, so two versions never share an id. A
 * repeated message needs a suffix, because a topic or queue accepts and then drops a message with a recent id
 * (sns/fifo-message-dedup).
 *
 * @param again the kind and the token of the repair that repeats the message, such as `{ kind: 'resync', token: '…' }`;
 *   the token is 1 to 22 printable ASCII characters without spaces
 */
export function deduplicationId(entity: EntityRef, version: number, again?: SentAgain): string {
  const id = `${messageGroupId(entity)}@${version}`;
  if (again === undefined) return id;
  const suffix = `${again.kind === 'resync' ? '~r' : '~b'}${again.token}`;
  if (!SAFE_ID.test(suffix) || suffix.length > MAX_SUFFIX_LENGTH) {
    throw new Error(
      `token: not a valid token: ${quoted(again.token)}. ` +
        `Allowed: 1 to ${MAX_SUFFIX_LENGTH - 2} printable ASCII characters without spaces.`,
    );
  }
  return id + suffix;
}

/** Why a version is sent again, and the request that asked for it. */
export interface SentAgain {
  readonly kind: 'resync' | 'backfill';
  readonly token: string;
}

/**
 * Number of versions in one epoch: version = epoch × EPOCH_SIZE + count. A restored table begins a new epoch, so all
 * its new versions are higher than any version published before the restore. 9,007 epochs fit below MAX_VERSION.
 */
export const EPOCH_SIZE = 1_000_000_000_000;

/**
 * Returns the version with the same count in the given epoch; unchanged if it is already in that epoch or a later one.
 */
export function liftedVersion(version: number, epoch: number): number {
  return version >= epoch * EPOCH_SIZE ? version : epoch * EPOCH_SIZE + (version % EPOCH_SIZE);
}

/**
 * Id of a type's heartbeat: an entity that its owner changes on a schedule. A cache needs it to distinguish "nothing
 * changed" from "nothing arrives". It takes the same path as every other entity. Only Freshet writes it, lists leave it
 * out, and the type's schema doesn't apply to it.
 */
export const HEARTBEAT_ID = 'freshet:heartbeat';

/**
 * The time of a heartbeat that vouches for nothing, epoch milliseconds. It only shows that events of its type arrive.
 * An owner commits it while its copies of an existing table may be incomplete.
 */
export const UNVOUCHED_MS = 0;

/** Whether an entity is the heartbeat of its type. */
export function isHeartbeat({ id }: EntityRef): boolean {
  return id === HEARTBEAT_ID;
}

/**
 * Whether a message group is that of a heartbeat. Counts of a user's events, and lists of entities and groups, leave
 * heartbeats out; the counts that say how much a queue or a stream carries include them.
 */
export function isHeartbeatGroup(groupId: string): boolean {
  const entity = entityOfGroup(groupId);
  return entity !== undefined && isHeartbeat(entity);
}

/** Refuses the reserved id of heartbeats. Throws `InvalidEntityId`. */
export function assertNotHeartbeat(entity: EntityRef): void {
  if (!isHeartbeat(entity)) return;
  throw new FreshetError(
    `id: reserved: ${quoted(entity.id)} is the heartbeat of ${entity.type}, which only Freshet writes. ` +
      'Choose another id.',
    { code: 'InvalidEntityId', field: 'id', entity },
  );
}

/** Key of an entity's item in an owner's or a cache's table. */
export interface TableKey {
  /** Partition key: the type and a partition number, such as `Country#3`. */
  readonly pk: string;
  /** Sort key: the entity's id. */
  readonly id: string;
}

/**
 * Returns the key of an entity's item. The id's hash selects one of the type's PARTITIONS_PER_TYPE partitions; a
 * heartbeat has a partition key of its own.
 */
export function tableKey(entity: EntityRef): TableKey {
  if (isHeartbeat(entity)) return { pk: `${entity.type}#heartbeat`, id: entity.id };
  const first = hash('sha256', entity.id, 'buffer')[0] ?? 0;
  return { pk: partitionKey(entity.type, first % PARTITIONS_PER_TYPE), id: entity.id };
}

/** Returns the partition key of one of a type's partitions, 0 to PARTITIONS_PER_TYPE - 1. */
export function partitionKey(type: string, partition: number): string {
  return `${type}#${partition}`;
}

/** Returns the SHA-256 of a text or of bytes as base64url: 43 characters that SNS and SQS accept in ids. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'base64url');
}
