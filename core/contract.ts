import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assertEntityType, type EntityRef, entityName } from './entity.ts';
import { FreshetError, quoted, shortened } from './errors.ts';
import type { FactContract, FactDeclaration } from './facts/fact.ts';
import { FAILURE_POLICIES, type FailurePolicy } from './outcome.ts';
import { assertPublishable, type Classification } from './own/publishable.ts';
import type { State } from './state.ts';
import { type Upcasts, upcastsProblem } from './upcast.ts';

/** What an owner promises about one entity type. */
export interface EntityDeclaration<S extends State = State> {
  /** The full state's schema, in any library that speaks Standard Schema (zod, valibot, arktype, ...). It must accept its own output. */
  readonly schema: StandardSchemaV1<unknown, S>;
  /** Integer from 1 that grows with every change of the schema. Default 1. */
  readonly schemaVersion?: number;
  /**
   * How a state of an older schema version becomes one of the next: `{ 1: (state) => …, 2: … }`. A version without one has states that the
   * current schema takes as they are. Default none.
   */
  readonly upcasts?: Upcasts;
  /**
   * Publish what changed instead of the whole state, where that is shorter. A cache that misses a change asks for the whole state, so
   * deltas pay for large states that change often and a little. Default false.
   */
  readonly deltas?: boolean;
  /** What kind of data the type is: see `Classification`. What isn't reference data is refused without a reason. Default `reference`. */
  readonly classification?: Classification;
  /**
   * Fields of another kind than the type, refused alike: `{ email: 'personal' }`. A field inside another is named by its path, and what is in a
   * list or a map without its place there: `address.street`, `contacts.email`. A name that the schema doesn't have is refused where the schema
   * describes itself (Standard JSON Schema, as zod does). Default none.
   */
  readonly fields?: Readonly<Record<string, Classification>>;
}

/** An entity type as its owner declared it, named and attributed. */
export interface EntityContract<S extends State = State> {
  readonly type: string;
  /** The boundary that owns the type: nobody else may publish it. */
  readonly owner: string;
  readonly schema: StandardSchemaV1<unknown, S>;
  readonly schemaVersion: number;
  readonly upcasts: Upcasts;
  readonly deltas: boolean;
  readonly classification: Classification;
  /** Fields of another kind than the type, by their paths: see `EntityDeclaration.fields`. */
  readonly fields: Readonly<Record<string, Classification>>;
}

/** What a cache keeps of an entity type that another boundary owns. */
export interface CachedType {
  readonly contract: EntityContract;
  /** Top-level fields that are kept; undefined keeps the whole state. */
  readonly fields: readonly string[] | undefined;
  /** Integer from 1 that grows whenever `fields` or `indexes` change, so that stored entities can be filled again at the same version. */
  readonly fieldsRevision: number;
  /** Index name to the top-level field it lists by; a text, number or boolean. */
  readonly indexes: Readonly<Record<string, string>>;
  /** What becomes of this type's events that can't be applied, and of those behind them. */
  readonly onPoison: FailurePolicy;
}

/** A service with its own data: what it owns, what it keeps a local cache of, and which facts it tells. */
export interface Boundary<
  Owns extends Record<string, EntityContract> = Record<string, EntityContract>,
  Publishes extends Record<string, FactContract> = Record<string, FactContract>,
> {
  readonly name: string;
  /** The module that holds this definition, as a `file:` URL or an absolute path: bundling resolves `#contracts` to it. */
  readonly module: string;
  readonly owns: Owns;
  readonly caches: Readonly<Record<string, CachedType>>;
  /** The facts that happen in it, by type. */
  readonly publishes: Publishes;
  /** How often the owner's table was restored from a backup: see docs/restore.md. */
  readonly epoch: number;
}

/** What a boundary may be called. */
export const BOUNDARY_PATTERN = /^[a-z][a-z0-9-]{0,29}$/;
/** Versions of this many epochs are integers that every JSON reader keeps exactly. */
const MAX_EPOCH = 9_000;
const INDEX_PATTERN = /^[a-z][A-Za-z0-9]{0,39}$/;

/**
 * Defines a boundary. The module that calls it exports the result as its default.
 *
 * @param module the calling module's `import.meta.url`; `__filename` in a CommonJS module
 * @param definition.name lower-case letters, digits and hyphens, at most 30, a letter first; also the name of the boundary's cache
 * @param definition.owns the entity types that this boundary alone writes
 * @param definition.caches what it keeps of types that others own, made by `keep`
 * @param definition.publishes the facts that happen in this boundary, made by `fact`
 * @param definition.epoch integer from 0 to 9,000: raised by one when the owner's table is restored from a backup; default 0
 * @throws FreshetError `InvalidContract` | `InvalidEntityType` | `NotPublishable`
 */
export function defineBoundary<
  const Declared extends Record<string, EntityDeclaration> = Record<never, never>,
  const Facts extends Record<string, FactDeclaration> = Record<never, never>,
>(
  module: string,
  definition: {
    readonly name: string;
    readonly owns?: Declared;
    readonly caches?: Readonly<Record<string, CachedType>>;
    readonly publishes?: Facts;
    readonly epoch?: number;
  },
): Boundary<
  { [T in keyof Declared & string]: EntityContract<StateOf<Declared[T]>> },
  { [T in keyof Facts & string]: FactContract<T, Facts[T]['ids'][number]> }
> {
  const { name, caches = {}, epoch = 0 } = definition;
  if (!BOUNDARY_PATTERN.test(name)) {
    throw invalid(
      'name',
      `not a valid boundary name: ${quoted(name)}. Allowed: 1 to 30 lower-case letters, digits and hyphens, a letter first`,
    );
  }
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) {
    throw invalid('epoch', `not an integer from 0 to ${MAX_EPOCH}: ${quoted(epoch)}`);
  }
  const owns = Object.entries<EntityDeclaration>(definition.owns ?? {}).map(([type, declared]) => {
    assertEntityType(type);
    const schemaVersion = declared.schemaVersion ?? 1;
    assertRevision(`owns.${type}.schemaVersion`, schemaVersion);
    const { schema, upcasts = {}, deltas = false, classification = 'reference', fields = {} } = declared;
    const problem = upcastsProblem(upcasts, schemaVersion);
    if (problem !== undefined) throw invalid(`owns.${type}.upcasts`, problem);
    return [type, { type, owner: name, schema, schemaVersion, upcasts, deltas, classification, fields }] as const;
  });
  for (const [type, cached] of Object.entries(caches)) {
    if (cached.contract.type !== type) {
      throw invalid(`caches.${type}`, `keeps the contract of ${cached.contract.type}: name it ${cached.contract.type}`);
    }
    if (cached.contract.owner === name) {
      throw invalid(`caches.${type}`, `${name} owns ${type} and reads it from its own table: remove the cache`);
    }
  }
  const publishes = Object.entries<FactDeclaration>(definition.publishes ?? {}).map(([type, declared]) => {
    assertEntityType(type);
    return [type, { type, owner: name, ids: declared.ids, about: declared.about }] as const;
  });
  const [owned, facts] = [Object.fromEntries(owns), Object.fromEntries(publishes)];
  assertPublishable({ name, owns: owned, publishes: facts });
  return { name, module, owns: owned as never, caches, publishes: facts as never, epoch };
}

/** What a contracts module exports: compiled to CommonJS and loaded as an ES module, its default is a property of what it exports. */
export interface ContractsModule {
  readonly default: Boundary | { readonly default: Boundary };
}

/** The boundary that a contracts module defines. */
export function boundaryOf({ default: exported }: ContractsModule): Boundary {
  return 'default' in exported ? exported.default : exported;
}

type StateOf<D> = D extends EntityDeclaration<infer S> ? S : never;

/**
 * Declares what a cache keeps of an entity type.
 *
 * @param contract the owner's contract, `geography.owns.Country`
 * @param options.fields top-level fields to keep; default the whole state
 * @param options.fieldsRevision integer from 1, raised with every change of `fields` or `indexes`; default 1
 * @param options.indexes index name to the field it lists by; the field must be kept
 * @param options.onPoison `park` (the default), `discard` or `stop`: what becomes of events that can't be applied, and of those behind them
 * @throws FreshetError `InvalidContract`
 */
export function keep<S extends State>(
  contract: EntityContract<S>,
  options: {
    readonly fields?: readonly (keyof S & string)[];
    readonly fieldsRevision?: number;
    readonly indexes?: Readonly<Record<string, keyof S & string>>;
    readonly onPoison?: FailurePolicy;
  } = {},
): CachedType {
  const { fields, fieldsRevision = 1, indexes = {}, onPoison = 'park' } = options;
  assertRevision(`${contract.type}.fieldsRevision`, fieldsRevision);
  if (!FAILURE_POLICIES.includes(onPoison)) {
    throw invalid(
      `${contract.type}.onPoison`,
      `not a failure policy: ${quoted(onPoison)}. Allowed: ${FAILURE_POLICIES.join(', ')}`,
    );
  }
  for (const [index, field] of Object.entries<string>(indexes)) {
    if (!INDEX_PATTERN.test(index)) {
      throw invalid(
        `${contract.type}.indexes`,
        `not a valid index name: ${quoted(index)}. Allowed: 1 to 40 letters and digits, a lower-case letter first`,
      );
    }
    if (fields !== undefined && !fields.includes(field)) {
      throw invalid(
        `${contract.type}.indexes.${index}`,
        `lists by ${quoted(field)}, which the cache doesn't keep. Kept: ${fields.join(', ')}`,
      );
    }
  }
  return { contract, fields, fieldsRevision, indexes, onPoison };
}

/** The names of all indexes that a boundary's cache needs, sorted. */
export function indexNames(boundary: Boundary): string[] {
  const names = Object.values(boundary.caches).flatMap((cached) => Object.keys(cached.indexes));
  return [...new Set(names)].sort();
}

/** Looks up a type that the boundary owns. Throws `UnknownEntityType` that lists what it owns. */
export function ownedContract(boundary: Boundary, type: string): EntityContract {
  return lookUp(boundary.owns, type, `boundary ${boundary.name} doesn't own`, 'It owns');
}

/** Looks up a type that the boundary caches. Throws `UnknownEntityType` that lists what it caches. */
export function cachedType(boundary: Boundary, type: string): CachedType {
  return lookUp(boundary.caches, type, `cache ${boundary.name} doesn't keep`, 'It keeps');
}

function lookUp<T>(known: Readonly<Record<string, T>>, type: string, problem: string, allowed: string): T {
  const found = Object.hasOwn(known, type) ? known[type] : undefined;
  if (found === undefined) {
    throw new FreshetError(
      `type: ${problem} ${quoted(type)}. ${allowed}: ${Object.keys(known).join(', ') || 'nothing'}.`,
      {
        code: 'UnknownEntityType',
        field: 'type',
      },
    );
  }
  return found;
}

/** The outcome of holding a value against a contract's schema. */
export type Validation =
  | { readonly valid: true; readonly state: State }
  | { readonly valid: false; readonly field: string; readonly problem: string };

/** Longest text of a schema's complaint that is passed on: it may quote the input. */
const MAX_PROBLEM_LENGTH = 300;

/**
 * Holds a value against the contract's schema and returns the schema's output, or the first issue. A schema that throws, as on
 * JSON nested deeper than the stack, makes the value invalid: it does so whenever it is asked.
 */
export async function validateState(contract: EntityContract, value: unknown): Promise<Validation> {
  let result: StandardSchemaV1.Result<State>;
  try {
    result = await contract.schema['~standard'].validate(value);
  } catch (error) {
    return { valid: false, field: '', problem: shortened(`the schema failed on it: ${error}`, MAX_PROBLEM_LENGTH) };
  }
  if (result.issues === undefined) {
    const state: unknown = result.value;
    return typeof state === 'object' && state !== null
      ? { valid: true, state: result.value }
      : { valid: false, field: '', problem: `the schema lets through what isn't an object: ${quoted(state)}` };
  }
  const [first] = result.issues;
  const more = result.issues.length > 1 ? ` (and ${result.issues.length - 1} more)` : '';
  return {
    valid: false,
    field: shortened(fieldPath(first?.path ?? []), MAX_PROBLEM_LENGTH),
    problem: `${shortened(first?.message ?? 'invalid', MAX_PROBLEM_LENGTH)}${more}`,
  };
}

/** Like `validateState`, but throws `InvalidState` with the field and what the schema says of it. */
export async function checkedState(contract: EntityContract, entity: EntityRef, value: unknown): Promise<State> {
  const validation = await validateState(contract, value);
  if (validation.valid) return validation.state;
  const field = validation.field === '' ? 'state' : `state.${validation.field}`;
  throw new FreshetError(
    `${field}: ${entityName(entity)} doesn't meet the schema of ${contract.type} (version ${contract.schemaVersion}): ${validation.problem}.`,
    { code: 'InvalidState', field, entity },
  );
}

function fieldPath(path: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]): string {
  return path
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .map((key, position) => (typeof key === 'number' ? `[${key}]` : `${position === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function assertRevision(field: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > 2 ** 31 - 1) {
    throw invalid(field, `not an integer from 1 to 2147483647: ${quoted(value)}`);
  }
}

function invalid(field: string, problem: string): FreshetError {
  return new FreshetError(`${field}: ${problem}.`, { code: 'InvalidContract', field });
}
