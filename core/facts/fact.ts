import { assertEntityId, messageGroupId, sha256 } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';

/** What a boundary declares of a fact that it publishes: something that happened, told by ids alone. */
export interface FactDeclaration<Id extends string = string> {
  /** The ids that the fact carries, and all that it carries: names that end in `Id`. */
  readonly ids: readonly Id[];
  /** Which of them names what the fact is about: those about one thing share a message group, so they come one at a time. Rely on no order. */
  readonly about: Id;
}

/** A fact as its boundary declared it, named and attributed. */
export interface FactContract<Type extends string = string, Id extends string = string> extends FactDeclaration<Id> {
  readonly type: Type;
  /** The boundary in which it happens: nobody else may publish it. */
  readonly owner: string;
}

/** Something that happened. */
export interface Fact<Type extends string = string, Id extends string = string> {
  readonly type: Type;
  /** Of the event: one thing that happened has one, however often it is delivered. */
  readonly id: string;
  readonly owner: string;
  /** When it was committed, ISO 8601. */
  readonly occurredAt: string;
  readonly data: Readonly<Record<Id, string>>;
}

/** The facts of a contract. */
export type FactOf<C extends FactContract> = C extends FactContract<infer Type, infer Id> ? Fact<Type, Id> : never;

/** A fact of each of several contracts, by type. */
export type FactsOf<Contracts extends readonly FactContract[]> = {
  readonly [C in Contracts[number] as C['type']]: FactOf<C>;
};

/**
 * Declares a fact. It has no schema: what isn't an id stays with its owner, and whoever needs it asks there by the id.
 *
 * @param declared.ids names that end in `Id`, each once; `defineBoundary` refuses others
 * @param declared.about the id of what the fact is about; facts about the same thing share a message group
 */
export function fact<const Id extends string>(declared: {
  readonly ids: readonly Id[];
  readonly about: NoInfer<Id>;
}): FactDeclaration<Id> {
  return declared;
}

/** The message group of what a fact is about: `orderId/o1`, the same for every fact about it, whoever publishes it. */
export function factGroupId(contract: Pick<FactContract, 'about'>, data: Readonly<Record<string, string>>): string {
  return messageGroupId({ type: contract.about, id: data[contract.about] ?? '' });
}

/** Characters of a key's hash in an event's id, 192 bits: with the longest group and `@` that is 120 of the 128 characters that SNS takes. */
const KEY_HASH_LENGTH = 32;

/**
 * The id of a fact's event, and its deduplication id: `OrderPlaced/o1`. It follows from what happened, so what is committed twice is one
 * event.
 *
 * @param about the id of what the fact is about: a topic deduplicates over all groups, so a key alone would drop what happened to others
 * @param key tells apart what happens more than once to the same thing; 1 to 1,024 bytes, default none
 */
export function factEventId(type: string, about: string, key?: string): string {
  const id = messageGroupId({ type, id: about });
  return key === undefined ? id : `${id}@${sha256(key).slice(0, KEY_HASH_LENGTH)}`;
}

const ID_NAME = /^(id|[a-z][A-Za-z0-9]{0,37}Id)$/;

/** What is wrong with a declaration, with its field; undefined for nothing. */
export function factProblem({
  ids,
  about,
}: FactDeclaration): { readonly field: string; readonly problem: string } | undefined {
  if (!Array.isArray(ids)) return { field: 'ids', problem: `not a list of names: ${quoted(ids)}` };
  const names = ids.length === 0 ? 'none' : ids.map((id) => JSON.stringify(id)).join(', ');
  const other = ids.find((id) => !ID_NAME.test(id));
  if (other !== undefined) {
    return {
      field: 'ids',
      problem: `${JSON.stringify(other)} names no id. Allowed: "id", or letters and digits that end in "Id": a fact carries nothing else, the rest stays with its owner`,
    };
  }
  if (new Set(ids).size < ids.length) return { field: 'ids', problem: `given twice: ${names}` };
  return ids.includes(about)
    ? undefined
    : { field: 'about', problem: `given: ${JSON.stringify(about)}. One of its ids: ${names}` };
}

/** The ids that a contract names, out of what was given; or what is wrong with it. What the contract doesn't name is left out. */
export function factData<Id extends string>(
  contract: FactContract<string, Id>,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<Id, string>> | string {
  const data: Partial<Record<Id, string>> = {};
  for (const name of contract.ids) {
    const id = Object.hasOwn(given, name) ? given[name] : undefined;
    try {
      assertEntityId(id);
      data[name] = id;
    } catch (error) {
      if (!(error instanceof FreshetError)) throw error;
      return `data.${name}: ${error.message}`;
    }
  }
  return data as Readonly<Record<Id, string>>;
}
