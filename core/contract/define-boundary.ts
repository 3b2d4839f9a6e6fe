import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assertEntityType } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import type { FactContract, FactDeclaration } from '../facts/fact.ts';
import { FAILURE_POLICIES, type FailurePolicy } from '../outcome.ts';
import type { State } from '../state.ts';
import type { Boundary, CachedType, CachedTypes, EntityContract, EntityDeclaration, StateSchema } from './contract.ts';
import { assertPublishable } from './publishable.ts';
import type { FieldOf, IndexableField, StateOf } from './types.ts';
import { upcastsProblem } from './upcast.ts';

/** A valid boundary name. */
export const BOUNDARY_PATTERN = /^[a-z][a-z0-9-]{0,29}$/;
/** Up to this epoch, versions are integers that every JSON reader keeps exactly. */
const MAX_EPOCH = 9_000;
/** Highest schema version and fields revision: the largest signed 32-bit integer, CloudEvents' limit for integers. */
const MAX_REVISION = 2 ** 31 - 1;
/** A valid index name. */
const INDEX_PATTERN = /^[a-z][A-Za-z0-9]{0,39}$/;

/**
 * Defines a boundary. Export the result as the default export of the module that calls this function.
 *
 * @param module the calling module's `import.meta.url`, or `__filename` in a CommonJS module
 * @param definition.name 1 to 30 lower-case letters, digits and hyphens, starting with a letter; also the name of the
 *   boundary's cache
 * @param definition.owns the entity types that only this boundary writes, by type; default none
 * @param definition.caches the entity types of other boundaries that this boundary caches, by type, each made with
 *   `keep`; default none
 * @param definition.publishes the facts that this boundary publishes, by type, each made with `fact`; default none
 * @param definition.epoch integer from 0 to 9,000; raise it by one when you restore the owner's table from a backup;
 *   default 0
 * @throws FreshetError `InvalidContract` if a setting is outside its range · `InvalidEntityType` if a type's name isn't
 *   valid · `NotPublishable` if a type, field or fact carries data that must stay in the boundary
 */
export function defineBoundary<
  Schemas extends Readonly<Record<string, StateSchema>> = Record<never, never>,
  const Facts extends Readonly<Record<string, FactDeclaration>> = Record<never, never>,
  Caches extends CachedTypes = Record<never, never>,
>(
  module: string,
  definition: {
    readonly name: string;
    // The type parameter holds the schemas and not the declarations, so that the parameters of upcasts are inferred.
    readonly owns?: { readonly [T in keyof Schemas]: EntityDeclaration<Schemas[T]> };
    readonly caches?: Caches;
    readonly publishes?: Facts;
    readonly epoch?: number;
  },
): Boundary<
  { readonly [T in keyof Schemas & string]: ContractOf<Schemas[T]> },
  { readonly [T in keyof Facts & string]: FactContract<T, Facts[T]['ids'][number]> },
  Caches
> {
  const { name, epoch = 0 } = definition;
  const caches: CachedTypes = definition.caches ?? {};
  if (!BOUNDARY_PATTERN.test(name)) {
    throw invalid(
      'name',
      `not a valid boundary name: ${quoted(name)}. Allowed: 1 to 30 lower-case letters, digits and hyphens, ` +
        'starting with a letter',
    );
  }
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) {
    throw invalid('epoch', `not a valid epoch: ${quoted(epoch)}. Allowed: an integer from 0 to ${MAX_EPOCH}`);
  }
  const owns = Object.entries<EntityDeclaration>(definition.owns ?? {}).map(([type, declared]) => {
    assertEntityType(type);
    const schemaVersion = declared.schemaVersion ?? 1;
    assertRevision(`owns.${type}.schemaVersion`, schemaVersion);
    const { schema, upcasts = {}, deltas = false, classification = 'reference', fields = {}, adopted } = declared;
    const problem = upcastsProblem(upcasts, schemaVersion);
    if (problem !== undefined) throw invalid(`owns.${type}.upcasts`, problem);
    const contract = { type, owner: name, schema, schemaVersion, upcasts, deltas, classification, fields };
    return [type, { ...contract, ...(adopted && { adopted }) }] as const;
  });
  for (const [type, cached] of Object.entries(caches)) {
    if (cached.contract.type !== type) {
      const given = cached.contract.type;
      throw invalid(`caches.${type}`, `the name differs from its contract's type, ${given}. Rename it to ${given}`);
    }
    if (cached.contract.owner === name) {
      throw invalid(
        `caches.${type}`,
        `${name} owns ${type}, so it can't cache it. Remove the cache and read ${type} from the owner's table`,
      );
    }
  }
  const publishes = Object.entries<FactDeclaration>(definition.publishes ?? {}).map(([type, declared]) => {
    assertEntityType(type);
    return [type, { type, owner: name, ids: declared.ids, about: declared.about }] as const;
  });
  const [owned, facts] = [Object.fromEntries(owns), Object.fromEntries(publishes)];
  assertPublishable({ name, owns: owned, publishes: facts });
  return { name, module, owns: owned as never, caches: caches as Caches, publishes: facts as never, epoch };
}

/**
 * A loaded contracts module. When a module compiled to CommonJS is loaded as an ES module, its default export is nested
 * once more.
 */
export interface ContractsModule {
  readonly default: Boundary | { readonly default: Boundary };
}

/**
 * The boundary that a contracts module defines: its default export, or the export with a name, because a module may
 * export several boundaries.
 *
 * @param name the name of the boundary; default: that of the default export
 * @throws FreshetError `InvalidContract` if no export has the name
 */
export function boundaryOf(module: ContractsModule, name?: string): Boundary {
  return definitionIn(module, name, 'boundary', (found): found is Boundary => 'owns' in found);
}

/** The boundaries that a contracts module exports, its default export first. */
export function boundariesOf(module: ContractsModule): Boundary[] {
  return exportsOf(module, (found): found is Boundary => 'owns' in found);
}

/** A boundary or a saga. */
interface Named {
  readonly name: string;
}

/** See `boundaryOf`. @param isIt tells a boundary from a saga */
export function definitionIn<T extends Named>(
  module: object,
  name: string | undefined,
  noun: string,
  isIt: (found: Named) => found is T,
): T {
  const found = exportsOf(module, isIt);
  const definition = name === undefined ? found[0] : found.find((one) => one.name === name);
  if (definition !== undefined) return definition;
  const names = found.map((one) => one.name).join(', ') || 'none';
  throw invalid('module', `exports no ${noun} named ${name ?? 'default'}. It exports: ${names}. Export it too`);
}

/** The definitions among the exports of a module. A module compiled to CommonJS has them in its default export. */
function exportsOf<T extends Named>(module: object, isIt: (found: Named) => found is T): T[] {
  const { default: exported, ...others } = module as Readonly<Record<string, unknown>>;
  const inner = isObject(exported) && !isNamed(exported) ? (exported as Readonly<Record<string, unknown>>) : {};
  const all = [exported, inner.default, ...Object.values(others), ...Object.values(inner)];
  return [...new Set(all.filter((one): one is Named => isNamed(one)).filter(isIt))];
}

function isObject(given: unknown): given is object {
  return typeof given === 'object' && given !== null;
}

function isNamed(given: unknown): given is Named {
  return isObject(given) && 'name' in given && typeof given.name === 'string' && 'module' in given;
}

/** The output is inferred from `validate` as well, because a schema written by hand needs no `types`. */
type ContractOf<Schema extends StateSchema> =
  Schema extends StandardSchemaV1<infer Input, infer S extends State> ? EntityContract<S, Input> : never;

/**
 * Declares that a boundary caches an entity type, and which part of it.
 *
 * @param contract the owner's contract, such as `geography.owns.Country`
 * @param options.fields top-level fields to keep; default: the whole state
 * @param options.fieldsRevision integer from 1 to 2,147,483,647; raise it with every change of `fields` or `indexes`;
 *   default 1
 * @param options.indexes index name (1 to 40 letters and digits, starting with a lower-case letter) to the field it
 *   lists by, which must be among `fields` and hold texts, numbers or booleans; default: none
 * @param options.onPoison what happens to events that can't be applied, and to later events of the same entity: `park`,
 *   `discard` or `stop`; default `park`
 * @throws FreshetError `InvalidContract` if an option is outside its range or an index lists by a field that isn't kept
 */
export function keep<
  Contract extends EntityContract,
  const Field extends FieldOf<StateOf<Contract>> = FieldOf<StateOf<Contract>>,
  const Indexes extends Readonly<Record<string, IndexableField<StateOf<Contract>, NoInfer<Field>>>> = Record<
    never,
    never
  >,
>(
  contract: Contract,
  options: {
    readonly fields?: readonly Field[];
    readonly fieldsRevision?: number;
    readonly indexes?: Indexes;
    readonly onPoison?: FailurePolicy;
  } = {},
): CachedType<Contract, Field, Indexes> {
  const { fieldsRevision = 1, onPoison = 'park' } = options;
  const fields: readonly string[] | undefined = options.fields;
  const indexes = options.indexes ?? ({} as Indexes);
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
        `not a valid index name: ${quoted(index)}. Allowed: 1 to 40 letters and digits, ` +
          'starting with a lower-case letter',
      );
    }
    if (fields !== undefined && !fields.includes(field)) {
      throw invalid(
        `${contract.type}.indexes.${index}`,
        `the cache doesn't keep the field ${quoted(field)}. Kept: ${fields.join(', ')}. ` +
          'Add the field to `fields` or index by a kept field',
      );
    }
  }
  return { contract, fields: options.fields, fieldsRevision, indexes, onPoison };
}

/** The names of all indexes of a boundary's cache, sorted and without duplicates. */
export function indexNames(boundary: Pick<Boundary, 'caches'>): string[] {
  const names = Object.values(boundary.caches).flatMap((cached) => Object.keys(cached.indexes));
  return [...new Set(names)].sort();
}

/** Returns the contract of a type that the boundary owns. Throws `UnknownEntityType` if the boundary doesn't own it. */
export function ownedContract(boundary: Pick<Boundary, 'name' | 'owns'>, type: string): EntityContract {
  return lookUp(boundary.owns, type, `boundary ${boundary.name} doesn't own`, 'It owns');
}

/**
 * Refuses a write of a type whose entities are copied from an existing table: the copy would differ from the table, and
 * the table's next version might never be published.
 *
 * @throws FreshetError `Adopted`
 */
export function assertNotAdopted({ type, owner, adopted }: Pick<EntityContract, 'type' | 'owner' | 'adopted'>): void {
  if (adopted === undefined) return;
  throw new FreshetError(
    `type: ${type} is adopted: its entities are the items of an existing table, which the code of ${owner} writes. ` +
      'Freshet copies every change of them. Write to that table instead.',
    { code: 'Adopted', field: 'type' },
  );
}

/** The names of the types that a boundary copies from an existing table. */
export function adoptedTypes({ owns }: Pick<Boundary, 'owns'>): string[] {
  return Object.keys(owns).filter((type) => owns[type]?.adopted !== undefined);
}

/** Returns a type that the boundary caches. Throws `UnknownEntityType` if the boundary doesn't cache it. */
export function cachedType(boundary: Pick<Boundary, 'name' | 'caches'>, type: string): CachedType {
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

function assertRevision(field: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > MAX_REVISION) {
    throw invalid(field, `not a valid revision: ${quoted(value)}. Allowed: an integer from 1 to ${MAX_REVISION}`);
  }
}

function invalid(field: string, problem: string): FreshetError {
  return new FreshetError(`${field}: ${problem}.`, { code: 'InvalidContract', field });
}
