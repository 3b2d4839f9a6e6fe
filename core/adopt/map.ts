import type { AdoptedKey } from '../contract/adopted.ts';
import type { Boundary, EntityContract } from '../contract/contract.ts';
import { assertNotHeartbeat, type EntityRef, EPOCH_SIZE, entityName, entityRef } from '../entity.ts';
import { FreshetError, quoted, shortened } from '../errors.ts';
import { decimalText } from '../exact-number.ts';
import { canonicalJson } from '../state.ts';
import { adoptedItem, readableItem, type WireItem, type WireValue } from './item.ts';

/**
 * Why a change of an existing table can't be published. The last ones are found by `decide`.
 *
 * - `unmappable`: the mapping threw, or returned something else than an entity
 * - `inexact-number`: the mapping reads a number that a JavaScript number can't hold
 * - `invalid-id`, `invalid-version`, `invalid-state`: a part of the entity isn't allowed
 * - `wrong-key`: `key` of the mapping names another item, or returns no key of the table
 * - `two-types`: the mappings of two types read the item
 * - `version-not-raised`: the state changed and the version didn't
 * - `version-went-back`: the version is lower than before
 * - `versions-exhausted`: no higher version is left
 * - `maybe-expired`: a survey found no item, and can't tell whether it was deleted or expired
 */
export const ADOPT_REASONS = [
  'unmappable',
  'inexact-number',
  'invalid-id',
  'invalid-version',
  'invalid-state',
  'wrong-key',
  'two-types',
  'version-not-raised',
  'version-went-back',
  'versions-exhausted',
  'maybe-expired',
] as const;

/** See `ADOPT_REASONS`. */
export type AdoptReason = (typeof ADOPT_REASONS)[number];

/** Whether a record was set aside by an adopter or a survey. */
export function isAdoptReason(reason: string): reason is AdoptReason {
  return (ADOPT_REASONS as readonly string[]).includes(reason);
}

/** Why an item or a change is set aside. */
export interface Refusal {
  readonly reason: AdoptReason;
  readonly explanation: string;
}

/** An entity as an item holds it, before the type's schema checks the state. */
export interface MappedEntity {
  readonly contract: EntityContract;
  readonly entity: EntityRef;
  readonly version: number;
  /** The state as canonical JSON. */
  readonly json: string;
  /** See `Copy.expiresAtSeconds`. */
  readonly expiresAtSeconds: number | undefined;
}

/** What the mappings of a boundary read from an item. */
export type Mapped =
  | { readonly kind: 'entity'; readonly found: MappedEntity }
  /** The item is of no adopted type. */
  | { readonly kind: 'other' }
  /** `entity` and `contract` are known if only the version or the state is wrong. */
  | ({ readonly kind: 'refused'; readonly entity?: EntityRef; readonly contract?: EntityContract } & Refusal);

/** Highest version of an item: versions of an epoch must have room above all versions of earlier epochs. */
export const MAX_ITEM_VERSION = EPOCH_SIZE - 1;

/** Reads an item with the mappings of all adopted types of a boundary. It never throws. */
export function mapItem(boundary: Pick<Boundary, 'owns'>, item: WireItem): Mapped {
  const all = Object.values(boundary.owns).flatMap((contract) => {
    const mapped = mapOne(contract, item);
    return mapped.kind === 'other' ? [] : [{ type: contract.type, mapped }];
  });
  const [first, second] = all;
  if (first === undefined) return { kind: 'other' };
  if (second === undefined) return first.mapped;
  const explanation = `the mappings of ${first.type} and ${second.type} both read the item. Let one return undefined`;
  return { kind: 'refused', reason: 'two-types', explanation };
}

function mapOne(contract: EntityContract, item: WireItem): Mapped {
  const { adopted, type } = contract;
  if (adopted === undefined) return { kind: 'other' };
  try {
    const read: unknown = adopted.read(adoptedItem(item, adopted.exactNumbers));
    if (read === undefined) return { kind: 'other' };
    if (typeof read !== 'object' || read === null) {
      return refused('unmappable', `the mapping of ${type} returned ${quoted(read)}. Allowed: an object or undefined`);
    }
    return entityOf(contract, item, read);
  } catch (error) {
    const refusal = thrown(error, `the mapping of ${type} failed on the item: `);
    return refusal.reason === 'inexact-number' ? { ...refusal, ...identity(contract, item) } : refusal;
  }
}

/** The entity of an item whose state has an inexact number, if the mapping can tell its id. */
function identity(contract: EntityContract, item: WireItem): { entity?: EntityRef; contract?: EntityContract } {
  try {
    const read = contract.adopted?.read(readableItem(item, contract.adopted.exactNumbers));
    const mapped = read === undefined ? undefined : entityOf(contract, item, read);
    if (mapped?.kind === 'entity') return { entity: mapped.found.entity, contract };
  } catch {
    // The mapping fails for another reason too.
  }
  return {};
}

function entityOf(contract: EntityContract, item: WireItem, read: object): Mapped {
  const { id, version, state }: { id?: unknown; version?: unknown; state?: unknown } = read;
  let entity: EntityRef;
  try {
    entity = entityRef(contract.type, id);
    assertNotHeartbeat(entity);
  } catch (error) {
    return refused('invalid-id', explain(error));
  }
  const key = contract.adopted?.key(entity.id) ?? {};
  if (!isKeyOf(key, item)) {
    return refused(
      'wrong-key',
      `the mapping's key of ${entityName(entity)} is ${keyText(key)}, and the item has another`,
    );
  }
  const known = { entity, contract };
  if (!isItemVersion(version)) {
    const allowed = `Allowed: an integer from 1 to ${MAX_ITEM_VERSION}`;
    return {
      ...refused('invalid-version', `${entityName(entity)}: not a version: ${quoted(version)}. ${allowed}`),
      ...known,
    };
  }
  const expiresAtSeconds = expiryOf(contract, item);
  try {
    return { kind: 'entity', found: { ...known, version, json: canonicalJson(entity, state), expiresAtSeconds } };
  } catch (error) {
    return { ...thrown(error, ''), ...known };
  }
}

/**
 * DynamoDB removes no item whose attribute isn't a number (ddb/time-to-live-ttl-before-you-start). A time that is
 * farther away than a whole number can tell never comes.
 */
function expiryOf({ adopted }: EntityContract, item: WireItem): number | undefined {
  const { expiresBy } = adopted ?? {};
  if (typeof expiresBy !== 'string') return undefined;
  const seconds = Math.floor(Number(item[expiresBy]?.N ?? 0));
  return Math.min(Math.max(0, seconds), Number.MAX_SAFE_INTEGER);
}

function isItemVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MAX_ITEM_VERSION;
}

/** Why the mapping gives no key for an entity's item; undefined if it gives one. */
export function keyProblem({ adopted }: EntityContract, entity: EntityRef): Refusal | undefined {
  try {
    const values: unknown[] = Object.values(adopted?.key(entity.id) ?? {});
    if (values.length > 0 && values.every(isKeyValue)) return undefined;
    return wrongKey(entity, 'it has no value, or one that is neither a text of 1 character or more nor a number');
  } catch (error) {
    return wrongKey(entity, explain(error));
  }
}

function isKeyValue(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : typeof value === 'bigint' || Number.isFinite(value);
}

/** The refusal of an entity whose key isn't one of the table. */
export function wrongKey(entity: EntityRef, why: string): Refusal {
  return { reason: 'wrong-key', explanation: `the mapping's key of ${entityName(entity)} can't be read: ${why}` };
}

/** Whether an item, or the key of one, has all attributes of a key. */
export function isKeyOf(key: AdoptedKey, item: WireItem): boolean {
  const names = Object.entries(key);
  return names.length > 0 && names.every(([name, value]) => isEqual(wireKeyValue(value), item[name]));
}

/** Returns a key in wire form. */
export function wireKey(key: AdoptedKey): Readonly<Record<string, { S: string } | { N: string }>> {
  return Object.fromEntries(Object.entries(key).map(([name, value]) => [name, wireKeyValue(value)]));
}

function wireKeyValue(value: AdoptedKey[string]): { S: string } | { N: string } {
  return typeof value === 'string' ? { S: value } : { N: decimalText(String(value)) };
}

function isEqual(expected: { readonly S?: string; readonly N?: string }, found: WireValue | undefined): boolean {
  if (expected.S !== undefined) return found?.S === expected.S;
  return found?.N !== undefined && decimalText(found.N) === expected.N;
}

function keyText(key: AdoptedKey): string {
  return shortened(JSON.stringify(wireKey(key)), 300);
}

function refused(reason: AdoptReason, explanation: string): Mapped & Refusal {
  return { kind: 'refused', reason, explanation };
}

function thrown(error: unknown, what: string): Mapped & Refusal {
  const code = error instanceof FreshetError ? error.code : undefined;
  const reason = code === 'InexactNumber' ? 'inexact-number' : code === 'InvalidState' ? 'invalid-state' : 'unmappable';
  return refused(reason, reason === 'unmappable' ? what + explain(error) : explain(error));
}

/** The message of whatever was thrown. */
export function explain(error: unknown): string {
  return shortened(error instanceof Error ? error.message : String(error), 500);
}
