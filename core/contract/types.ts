import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { CachedType, EntityContract } from './contract.ts';

/** The type of an owned entity's state: `StateOf<typeof geography.owns.Country>`. */
export type StateOf<C extends EntityContract> = StandardSchemaV1.InferOutput<C['schema']>;

/** The type that an owned entity's schema accepts, which differs from its state where the schema has defaults. */
export type InputOf<C extends EntityContract> = StandardSchemaV1.InferInput<C['schema']>;

/** The type of a cached entity's value, which has the kept fields: `ValueOf<typeof ordering.caches.Country>`. */
export type ValueOf<C extends CachedType> = C extends CachedType
  ? Kept<StateOf<C['contract']>, NonNullable<C['fields']>[number]>
  : never;

/**
 * A state to put: of the type that the schema accepts, or `unknown`, such as the body of a request, which the schema
 * checks at run time only.
 */
export type Given<C extends EntityContract, Passed> = unknown extends Passed ? Passed : InputOf<C>;

/** The names of the types in `owns` or `caches`. */
export type TypeIn<Types> = keyof Types & string;

/** The names of a cached type's indexes. */
export type IndexOf<C extends CachedType> = keyof C['indexes'] & string;

/** The type of the field that an index lists by. */
export type IndexedValue<C extends CachedType, Index extends IndexOf<C>> = Exclude<
  FieldValue<StateOf<C['contract']>, C['indexes'][Index]>,
  undefined
>;

/** The names of a state's top-level fields, of all variants if the state is a union. */
export type FieldOf<S> = S extends unknown ? keyof S & string : never;

/** The fields among `Field` that an index can list by. */
export type IndexableField<S, Field extends string> = Field extends unknown
  ? [Extract<FieldValue<S, Field>, string | number | boolean>] extends [never]
    ? never
    : Field
  : never;

/** The value of a field, in each variant that has it. */
type FieldValue<S, Field> = S extends unknown ? (Field extends keyof S ? S[Field] : never) : never;

/** The part of a state with the kept fields. The whole state stays as it is, for the sake of its name in messages. */
type Kept<S, Field extends string> = [FieldOf<S>] extends [Field]
  ? S
  : S extends unknown
    ? Pick<S, Field & keyof S>
    : never;
