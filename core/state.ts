import canonicalize from 'canonicalize';
import { type EntityRef, entityName, sha256, textProblem, utf8Bytes } from './entity.ts';
import { FreshetError, quoted, shortened } from './errors.ts';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An entity's full state: a JSON object. */
export type State = { readonly [key: string]: Json };

/** A state in the one form in which it is stored, compared and sent. */
export interface CanonicalState {
  /** RFC 8785 JSON: equal states have equal texts. */
  readonly json: string;
  /** SHA-256 of `json`, base64url. */
  readonly digest: string;
}

/** The digest of every tombstone: no JSON object has it, so a put after a delete always counts as a change. */
export const TOMBSTONE_DIGEST = sha256('tombstone');

/**
 * Largest canonical state in UTF-8 bytes. An SNS message carries 256 KiB by default (sns/large-message-payloads) and a
 * DynamoDB item 400 KB (ddb/Constraints); the smaller one binds. 8 KiB are kept for the envelope, whose longest parts
 * are the id (1 KiB, up to 6 KiB when JSON escapes it) and the message attributes.
 */
export const MAX_STATE_BYTES = 256 * 1024 - 8 * 1024;

/** Deepest nesting of a state; deeper JSON is hostile more often than meant. */
export const MAX_STATE_DEPTH = 64;

/**
 * Checks that a value is a JSON object within the limits and brings it into canonical form.
 * Throws `InvalidState` with the field's path, or `StateTooLarge`.
 */
export function canonicalState(entity: EntityRef, value: unknown): CanonicalState {
  const json = canonicalJson(entity, value);
  const bytes = utf8Bytes(json);
  if (bytes > MAX_STATE_BYTES) {
    throw new FreshetError(
      `state: ${entityName(entity)} is too large: ${bytes} bytes of JSON. Allowed: at most ${MAX_STATE_BYTES} bytes, what one ` +
        'SNS message carries beside its envelope. Keep large content elsewhere (S3) and its key in the entity.',
      { code: 'StateTooLarge', field: 'state', entity },
    );
  }
  return { json, digest: sha256(json) };
}

/** The canonical text of a JSON object of any size. Throws `InvalidState` with the field's path. */
export function canonicalJson(entity: EntityRef, value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidState(entity, '', `a JSON object is needed, given: ${quoted(value)}`);
  }
  assertJson(entity, value, '', 0);
  return canonicalize(value) as string;
}

/** What `JSON.stringify` would drop or change silently is refused here instead; only a key without a value may be left out. */
function assertJson(entity: EntityRef, value: unknown, path: string, depth: number): asserts value is Json {
  if (depth > MAX_STATE_DEPTH) {
    throw invalidState(entity, path, `nested deeper than the ${MAX_STATE_DEPTH} levels allowed`);
  }
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') {
    const problem = textProblem(value);
    if (problem !== undefined) throw invalidState(entity, path, problem);
    return;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalidState(entity, path, `not a finite number: ${String(value)}`);
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) assertJson(entity, item, `${path}[${index}]`, depth + 1);
    return;
  }
  if (typeof value === 'object' && isPlain(value)) {
    for (const [key, item] of Object.entries(value)) {
      const problem = textProblem(key);
      if (problem !== undefined) throw invalidState(entity, path, `a key: ${problem}`);
      if (item !== undefined) assertJson(entity, item, path === '' ? key : `${path}.${key}`, depth + 1);
    }
    return;
  }
  throw invalidState(
    entity,
    path,
    `not a JSON value: ${typeof value === 'object' ? Object.prototype.toString.call(value) : quoted(value)}`,
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function invalidState(entity: EntityRef, path: string, problem: string): FreshetError {
  const field = path === '' ? 'state' : `state.${shortened(path, 200)}`;
  return new FreshetError(
    `${field}: ${entityName(entity)}: ${problem}. Allowed: a JSON object of texts, finite numbers, booleans, nulls, arrays and objects.`,
    { code: 'InvalidState', field, entity },
  );
}
