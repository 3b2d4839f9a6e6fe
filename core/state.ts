import { canonicalText } from './canonical-json.ts';
import { compressed, compressedIfSmaller } from './compression.ts';
import { type EntityRef, entityName, sha256, textProblem, utf8Bytes } from './entity.ts';
import { FreshetError, quoted, shortened } from './errors.ts';

/** A JSON value. A key whose value is `undefined` is left out, as `JSON.stringify` does. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * The full state of an entity: a JSON object of at most 4 MiB of canonical JSON, nested at most 64 levels deep. If it
 * has more than 248 KiB, its compressed form has at most 368 KiB. A key whose value is `undefined` is left out.
 */
export type State = { readonly [key: string]: Json | undefined };

/** A state in the form in which Freshet stores, compares and sends it. */
export interface CanonicalState {
  /** RFC 8785 JSON: equal states have equal texts. */
  readonly json: string;
  /** SHA-256 of `json`, base64url. */
  readonly digest: string;
  /** The compressed form, if the state is stored and sent so. It is made when you first read it. */
  readonly compressed?: Uint8Array | undefined;
}

/**
 * The digest of every tombstone. No JSON object has this digest, so a put after a deletion always counts as a change.
 */
export const TOMBSTONE_DIGEST = sha256('tombstone');

/**
 * Maximum size of a canonical state in UTF-8 bytes. It bounds the memory and the time of a function that decompresses
 * states: a projector's batch may have ten of them, of which it holds two as objects at the same time. Its 512 MB and
 * 20 s suffice for them (docs/decisions/52, 2026-11-30).
 */
export const MAX_STATE_BYTES = 4 * 1024 * 1024;

/**
 * Maximum size of a state that isn't compressed, in UTF-8 bytes. Its event fits into a message of 256 KiB, which every
 * topic and every cache's queue accepts (sns/large-message-payloads). 8 KiB are reserved for the envelope, whose
 * longest parts are the id (1 KiB, up to 6 KiB when JSON escapes it) and the message attributes.
 */
export const MAX_PLAIN_STATE_BYTES = 256 * 1024 - 8 * 1024;

/**
 * Maximum size of a state's compressed form in bytes: DynamoDB's 400 KB (ddb/Constraints) less 32 KiB for key, stamps
 * and the values of a cache's indexes.
 */
export const MAX_COMPRESSED_STATE_BYTES = 400 * 1024 - 32 * 1024;

/** Maximum nesting of a state, in levels. Deeper JSON is usually hostile. */
export const MAX_STATE_DEPTH = 64;

/** Maximum length of a field's path in a message, in characters. */
const MAX_PATH_LENGTH = 200;

/**
 * Checks that a value is a JSON object within the limits and returns its canonical form.
 *
 * @throws FreshetError `InvalidState` with the path of the field that is wrong · `StateTooLarge`
 */
export function canonicalState(entity: EntityRef, value: unknown): CanonicalState {
  const json = canonicalJson(entity, value);
  const bytes = utf8Bytes(json);
  if (bytes > MAX_STATE_BYTES) throw tooLarge(entity, `${bytes} bytes of JSON`);
  // A large state must be compressed to be known to fit, even where compression saves little.
  const large = bytes > MAX_PLAIN_STATE_BYTES ? compressed(json) : undefined;
  if (large !== undefined && large.length > MAX_COMPRESSED_STATE_BYTES) {
    throw tooLarge(entity, `${bytes} bytes of JSON, which gzip compresses to ${large.length} bytes`);
  }
  let form: { readonly bytes: Uint8Array | undefined } | undefined = large && { bytes: large };
  return {
    json,
    digest: sha256(json),
    get compressed() {
      form ??= { bytes: compressedIfSmaller(json) };
      return form.bytes;
    },
  };
}

/**
 * Checks that a value is a JSON object that can be stored without compression.
 *
 * @throws FreshetError `InvalidState` with the path of the field that is wrong · `StateTooLarge`
 */
export function assertPlainState(entity: EntityRef, value: unknown): void {
  const bytes = utf8Bytes(canonicalJson(entity, value));
  if (bytes > MAX_PLAIN_STATE_BYTES)
    throw tooLarge(entity, `${bytes} bytes of JSON`, `at most ${MAX_PLAIN_STATE_BYTES} bytes`);
}

const ALLOWED =
  `at most ${MAX_STATE_BYTES} bytes of JSON that gzip compresses to at most ${MAX_COMPRESSED_STATE_BYTES} bytes; ` +
  `up to ${MAX_PLAIN_STATE_BYTES} bytes of JSON are always allowed`;

function tooLarge(entity: EntityRef, given: string, allowed = ALLOWED): FreshetError {
  return new FreshetError(
    `state: ${entityName(entity)} is too large: ${given}. Allowed: ${allowed}. ` +
      'Store large content elsewhere, such as in S3, and put its key into the entity.',
    { code: 'StateTooLarge', field: 'state', entity },
  );
}

/**
 * Returns the canonical text of a JSON object of any size. Throws `InvalidState` with the path of the field that is
 * wrong.
 */
export function canonicalJson(entity: EntityRef, value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidState(entity, '', `not a JSON object: ${quoted(value)}`);
  }
  const found = notJson(value, 0);
  if (found !== undefined) throw invalidState(entity, found.path, found.problem);
  return canonicalText(value);
}

/** A part of a value that isn't JSON. */
interface NotJson {
  /** Ends with the innermost key. */
  readonly path: string;
  readonly problem: string;
}

/**
 * Finds a value that `JSON.stringify` would drop or change silently, except for a key whose value is `undefined`. The
 * path is made on the way back from the problem: a state may have millions of values, and hardly any has a problem.
 */
function notJson(value: unknown, depth: number): NotJson | undefined {
  if (depth > MAX_STATE_DEPTH) return { path: '', problem: `nested deeper than the allowed ${MAX_STATE_DEPTH} levels` };
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') return problemHere(textProblem(value));
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : { path: '', problem: `not a finite number: ${String(value)}` };
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const inner = notJson(value[index], depth + 1);
      if (inner !== undefined) return { ...inner, path: `[${index}]${separator(inner.path)}${inner.path}` };
    }
    return undefined;
  }
  if (typeof value === 'object' && isPlain(value)) return notJsonIn(value as Record<string, unknown>, depth);
  const given = typeof value === 'object' ? Object.prototype.toString.call(value) : quoted(value);
  return { path: '', problem: `not a JSON value: ${given}` };
}

function notJsonIn(value: Readonly<Record<string, unknown>>, depth: number): NotJson | undefined {
  for (const key of Object.keys(value)) {
    const problem = textProblem(key);
    if (problem !== undefined) return { path: '', problem: `a key is not allowed: ${problem}` };
    const item = value[key];
    const inner = item === undefined ? undefined : notJson(item, depth + 1);
    if (inner !== undefined) return { ...inner, path: `${key}${separator(inner.path)}${inner.path}` };
  }
  return undefined;
}

function problemHere(problem: string | undefined): NotJson | undefined {
  return problem === undefined ? undefined : { path: '', problem };
}

/** What stands between a key and the path inside it. */
function separator(inner: string): string {
  return inner === '' || inner.startsWith('[') ? '' : '.';
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function invalidState(entity: EntityRef, path: string, problem: string): FreshetError {
  const field = path === '' ? 'state' : `state.${shortened(path, MAX_PATH_LENGTH)}`;
  return new FreshetError(
    `${field}: ${entityName(entity)}: ${problem}. ` +
      'Allowed: a JSON object of texts, finite numbers, booleans, nulls, arrays and objects.',
    { code: 'InvalidState', field, entity },
  );
}
