import { assertEntityId, messageGroupId, sha256 } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';

/** A boundary's declaration of a fact that it publishes: something that happened. A fact carries ids only. */
export interface FactDeclaration<Id extends string = string> {
  /** The names of the ids that the fact carries; each ends in `Id`. The fact carries nothing else. */
  readonly ids: readonly Id[];
  /**
   * One of `ids`: the id of the thing that the fact is about. Facts about one thing share a message group, so they are
   * delivered one at a time. Don't rely on their order.
   */
  readonly about: Id;
}

/** A declared fact with its type and its owner. */
export interface FactContract<Type extends string = string, Id extends string = string> extends FactDeclaration<Id> {
  readonly type: Type;
  /** The boundary in which it happens. Only the owner may publish it. */
  readonly owner: string;
}

/** Something that happened. */
export interface Fact<Type extends string = string, Id extends string = string> {
  readonly type: Type;
  /** The event's id. Each thing that happened has one id, however often it is delivered. */
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
 * Declares a fact. A fact has no schema: all data other than ids stays with the owner, and consumers ask the owner for
 * it by id.
 *
 * @param declared.ids names that end in `Id`, each once; `defineBoundary` refuses others
 * @param declared.about the id of the thing that the fact is about; facts about the same thing share a message group
 */
export function fact<const Id extends string>(declared: {
  readonly ids: readonly Id[];
  readonly about: NoInfer<Id>;
}): FactDeclaration<Id> {
  return declared;
}

/**
 * The message group of a fact: `orderId/o1`. It is the same for every fact about the same thing, whichever boundary
 * publishes it.
 */
export function factGroupId(contract: Pick<FactContract, 'about'>, data: Readonly<Record<string, string>>): string {
  return messageGroupId({ type: contract.about, id: data[contract.about] ?? '' });
}

/**
 * Characters of a key's hash in an event id: 192 bits. With the longest message group and `@`, the id has 120 of the
 * 128 characters that SNS allows.
 */
const KEY_HASH_LENGTH = 32;

/**
 * The event id of a fact, which is also its deduplication id: `OrderPlaced/o1`. It is derived from what happened, so a
 * fact that is committed twice is one event.
 *
 * @param about the id of the thing that the fact is about. A topic deduplicates over all groups, so with the key alone,
 * facts about other things would be dropped
 * @param key distinguishes facts of the same type about the same thing; 1 to 1,024 bytes, default none
 */
export function factEventId(type: string, about: string, key?: string): string {
  const id = messageGroupId({ type, id: about });
  return key === undefined ? id : `${id}@${sha256(key).slice(0, KEY_HASH_LENGTH)}`;
}

const ID_NAME = /^(id|[a-z][A-Za-z0-9]{0,37}Id)$/;

/** The problem of a declaration, with its field; undefined if the declaration is valid. */
export function factProblem({
  ids,
  about,
}: FactDeclaration): { readonly field: string; readonly problem: string } | undefined {
  if (!Array.isArray(ids)) return { field: 'ids', problem: `not a list of names: ${quoted(ids)}` };
  const names = ids.length === 0 ? 'none' : ids.map((id) => JSON.stringify(id)).join(', ');
  const other = ids.find((id) => !ID_NAME.test(id));
  if (other !== undefined) {
    const allowed = 'Allowed: "id", or letters and digits that end in "Id". A fact carries ids only';
    return { field: 'ids', problem: `${JSON.stringify(other)} names no id. ${allowed}` };
  }
  if (new Set(ids).size < ids.length) return { field: 'ids', problem: `given twice: ${names}` };
  return ids.includes(about)
    ? undefined
    : { field: 'about', problem: `given: ${JSON.stringify(about)}. One of its ids: ${names}` };
}

/**
 * The ids that a contract names, taken from the given values; or the problem, as text. Values that the contract doesn't
 * name are left out.
 */
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
