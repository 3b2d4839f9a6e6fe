import type { Json } from '../state.ts';

/**
 * An item of an existing table in the form in which a mapping reads it: texts, booleans, maps and lists as they are,
 * `NULL` as null, a missing attribute as undefined, binary as base64 text, and sets as sorted lists. A number that a
 * JavaScript number can't hold exactly throws `InexactNumber` when it is read, unless its path is in `exactNumbers`.
 */
export type AdoptedItem = { readonly [attribute: string]: Json | undefined };

/** What a mapping reads from an item. Every value is checked, so you can pass attributes as they are. */
export interface AdoptedEntity {
  /** The entity's id: a text of 1 to 1,024 bytes. */
  readonly id: unknown;
  /**
   * The item's version: an integer from 1 to 999,999,999,999 that the table's own code raises with every change of the
   * state. A new item may begin at 1 again after a deletion.
   */
  readonly version: unknown;
  /** The entity's state: a JSON object that the type's schema accepts. */
  readonly state: unknown;
}

/** The key of an item: its attributes with their values. A text is an `S`, a number or bigint an `N`. */
export type AdoptedKey = Readonly<Record<string, string | number | bigint>>;

/**
 * Maps the items of an existing DynamoDB table to the entities of a type. The table's own code goes on writing it, and
 * Freshet only reads it. See docs/adopt.md.
 */
export interface Adoption {
  /**
   * Returns the entity that an item holds, or undefined if the item isn't of this type. It must be pure: no clock, no
   * I/O, no change of its argument.
   */
  readonly read: (item: AdoptedItem) => AdoptedEntity | undefined;
  /** Returns the key of the item that holds an entity. It must be pure, and the inverse of `read`. */
  readonly key: (id: string) => AdoptedKey;
  /**
   * Whether an item that DynamoDB removes because of its time to live is a deletion. If it isn't, caches keep the
   * entity as it was. Default false.
   */
  readonly deletedByExpiry?: boolean;
  /**
   * The attribute with which DynamoDB's time to live removes items of the type, or false if none of them expires. A
   * survey needs it to tell an item that was deleted from one that expired. Without it and without `deletedByExpiry`, a
   * survey sets a missing item aside. Raise the version when you change the attribute. Default: not known.
   */
  readonly expiresBy?: string | false;
  /**
   * Paths of the attributes whose numbers are read as decimal texts, small ones too: `['account', 'prices.amount']`.
   * Leave out list indexes. Default: none; every number is a JavaScript number.
   */
  readonly exactNumbers?: readonly string[];
}
