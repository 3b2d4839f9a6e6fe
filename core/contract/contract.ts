import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { FactContract } from '../facts/fact.ts';
import type { FailurePolicy } from '../outcome.ts';
import type { State } from '../state.ts';
import type { Adoption } from './adopted.ts';

/** All data classes, see `DataClass`. */
export const CLASSES = ['reference', 'transactional', 'personal'] as const;

/**
 * A kind of data.
 *
 * - `reference`: other services look it up, and it rarely changes
 * - `transactional`: it belongs to a process, such as an order or a payment, and stays with its owner
 * - `personal`: it is about a person
 */
export type DataClass = (typeof CLASSES)[number];

/**
 * The data class of a type or a field. A type or field of a class other than `reference` is published only with a
 * reason: `{ is: 'personal', publishedBecause: '…' }`.
 */
export type Classification =
  | DataClass
  | {
      /** The data class. */
      readonly is: Exclude<DataClass, 'reference'>;
      /** Why the data is published, for readers of the contract: 20 to 1,000 characters. */
      readonly publishedBecause: string;
    };

/**
 * Turns a state of one schema version into a state of the next. It must be pure: no clock, no I/O, no change of its
 * argument.
 */
export type Upcast = (state: State) => State;

/** Upcasts by the schema version that they start from: an integer from 1 to the current schema version - 1. */
export type Upcasts = Readonly<Record<number, Upcast>>;

/** The schema of an entity's state, from any library that implements Standard Schema. Its output is JSON. */
export type StateSchema<S extends State = State, Input = unknown> = StandardSchemaV1<Input, S>;

/** One entity type as its owner declares it, passed to `defineBoundary`. */
export interface EntityDeclaration<Schema extends StateSchema = StateSchema> {
  /**
   * The schema of the full state, from any library that implements Standard Schema (zod, valibot, arktype and others).
   * The owner stores the schema's output, so the schema must accept its output and return it unchanged; otherwise the
   * put is refused with `InvalidState`. A cache only checks with the schema, and stores what the owner stored: a
   * default or a transform has no effect there. Fields that a cache's schema doesn't know are not checked.
   */
  readonly schema: Schema;
  /** Integer from 1 to 2,147,483,647. Raise it with every change of the schema. Default 1. */
  readonly schemaVersion?: number;
  /**
   * Functions that turn a state of one schema version into a state of the next: `{ 1: (state) => …, 2: … }`. The key is
   * the version that the function starts from, at least 1 and below `schemaVersion`. A version needs no upcast if its
   * states are already valid in the next version. Default: none.
   */
  readonly upcasts?: Upcasts;
  /**
   * Whether to publish only what changed when that is shorter than the whole state. A cache that misses a delta asks
   * its owner for the whole state, so deltas suit large states with small, frequent changes. Default false.
   */
  readonly deltas?: boolean;
  /**
   * The kind of data in the type, see `Classification`. Data other than `reference` needs a reason to be published.
   * Default `reference`.
   */
  readonly classification?: Classification;
  /**
   * Fields whose classification differs from the type's, by path: `{ email: 'personal' }`. A field other than
   * `reference` needs a reason too. Write a nested field as `address.street`, and leave out list indexes and map keys:
   * `contacts.email`. An unknown path is refused if the schema can describe itself (Standard JSON Schema, as in zod).
   * Default: none.
   */
  readonly fields?: Readonly<Record<string, Classification>>;
  /**
   * Maps the items of a DynamoDB table that your service already has, and goes on writing, to entities of this type.
   * The construct `AdoptedTable` then copies every change, and `put` and `delete` are refused. Default: the service
   * writes the entities with `createOwner`.
   */
  readonly adopted?: Adoption;
}

/**
 * An entity type with its name and owner, as `defineBoundary` returns it: `geography.owns.Country`. `S` is the type of
 * its states, and `Input` the type that its schema accepts.
 */
export interface EntityContract<S extends State = State, Input = unknown> {
  /** Name of the type: 1 to 40 ASCII letters and digits, starting with a letter. */
  readonly type: string;
  /** Name of the boundary that owns the type. No other boundary may publish it. */
  readonly owner: string;
  /** See `EntityDeclaration.schema`. */
  readonly schema: StateSchema<S, Input>;
  /** Integer from 1, see `EntityDeclaration.schemaVersion`. */
  readonly schemaVersion: number;
  /** See `EntityDeclaration.upcasts`; empty if there are none. */
  readonly upcasts: Upcasts;
  /** See `EntityDeclaration.deltas`. */
  readonly deltas: boolean;
  /** See `EntityDeclaration.classification`. */
  readonly classification: Classification;
  /** See `EntityDeclaration.fields`; empty if there are none. */
  readonly fields: Readonly<Record<string, Classification>>;
  /** See `EntityDeclaration.adopted`; undefined if the service writes the entities with `createOwner`. */
  readonly adopted?: Adoption | undefined;
}

/**
 * An entity type of another boundary that a cache keeps, as `keep` returns it. `Field` are the names of the kept
 * fields, and `Indexes` the indexes with their fields.
 */
export interface CachedType<
  Contract extends EntityContract = EntityContract,
  Field extends string = string,
  Indexes extends Readonly<Record<string, string>> = Readonly<Record<string, string>>,
> {
  /** The owner's contract. */
  readonly contract: Contract;
  /** Top-level fields that the cache keeps; undefined keeps the whole state. */
  readonly fields: readonly Field[] | undefined;
  /**
   * Integer from 1, raised with every change of `fields` or `indexes`, so that a backfill can rewrite entities without
   * a new version.
   */
  readonly fieldsRevision: number;
  /** Index name to the top-level field that the index lists by. The field's value is a text, number or boolean. */
  readonly indexes: Indexes;
  /** What happens to events of this type that can't be applied, and to later events of the same entity. */
  readonly onPoison: FailurePolicy;
}

/** The entity types that a boundary owns, by type. */
export type OwnedTypes = Readonly<Record<string, EntityContract>>;

/** The entity types of other boundaries that a boundary caches, by type. */
export type CachedTypes = Readonly<Record<string, CachedType>>;

/** The facts that a boundary publishes, by type. */
export type PublishedFacts = Readonly<Record<string, FactContract>>;

/**
 * A service with its own data: the entity types it owns, the types it caches and the facts it publishes. See
 * `defineBoundary`. Without type arguments, a boundary whose types aren't known when the code is compiled.
 */
export interface Boundary<
  Owns extends OwnedTypes = OwnedTypes,
  Publishes extends PublishedFacts = PublishedFacts,
  Caches extends CachedTypes = CachedTypes,
> {
  /** 1 to 30 lower-case letters, digits and hyphens, starting with a letter; also the name of the boundary's cache. */
  readonly name: string;
  /**
   * The module that holds this definition, as a `file:` URL or an absolute path. Bundling resolves `#contracts` to it.
   */
  readonly module: string;
  /** The entity types that only this boundary writes, by type. */
  readonly owns: Owns;
  /** The entity types of other boundaries that this boundary caches, by type. */
  readonly caches: Caches;
  /** The facts that this boundary publishes, by type. */
  readonly publishes: Publishes;
  /** Integer from 0 to 9,000: how often the owner's table was restored from a backup, see docs/restore.md. */
  readonly epoch: number;
}
