import { createHash } from 'node:crypto';
import * as z from 'zod';
import { defineBoundary, keep } from '../../../core/contract.ts';
import { messageGroupId } from '../../../core/entity.ts';
import { serialiseEvent } from '../../../core/event.ts';
import { canonicalState } from '../../../core/state.ts';

const Product = z.strictObject({ name: z.string(), price: z.number(), description: z.string() });

/** What the events carry. */
export type Product = z.infer<typeof Product>;

/** Owns products. */
const catalogue = defineBoundary(import.meta.url, { name: 'catalogue', owns: { Product: { schema: Product } } });

/** Caches them. */
export const shop = defineBoundary(import.meta.url, {
  name: 'shop',
  caches: { Product: keep(catalogue.owns.Product) },
});

/** What happened to a product: it was created (version 1), then its name was updated (version 2). */
export type ProductEvent =
  | { readonly event: 'ProductCreated'; readonly id: string; readonly version: 1; readonly product: Product }
  | { readonly event: 'ProductNameUpdated'; readonly id: string; readonly version: 2; readonly name: string };

/** An event on its way: who it is about, and both of its bodies. */
export interface Outgoing {
  readonly id: string;
  readonly version: 1 | 2;
  readonly group: string;
  /** As a `ProductEvent`: an update carries the name only. */
  readonly plain: string;
  /** As Freshet publishes it: every version carries the whole state. */
  readonly versioned: string;
}

/** Longest way between a creation and its update, in events of other products. */
const LONGEST_LAG = 5;

/** Both events of each product: the creations one after the other, each update a seeded few events behind its creation. */
export function eventsOf(products: number, seed: number): Outgoing[] {
  const created = Array.from({ length: products }, (_, number) => ({ at: number, ...outgoing(number, 1) }));
  const updated = created.map((_, number) => ({
    at: number + drawn(seed, 'lag', number) * LONGEST_LAG,
    ...outgoing(number, 2),
  }));
  return [...created, ...updated].sort((a, b) => a.at - b.at || a.version - b.version);
}

export function productId(number: number): string {
  return `product-${number}`;
}

function outgoing(number: number, version: 1 | 2): Outgoing {
  const entity = { type: 'Product', id: productId(number) };
  const product = { name: `name ${version}`, price: number, description: `the product number ${number}` };
  const { json, digest } = canonicalState(entity, product);
  const at = new Date().toISOString();
  const plain: ProductEvent =
    version === 1
      ? { event: 'ProductCreated', id: entity.id, version, product }
      : { event: 'ProductNameUpdated', id: entity.id, version, name: product.name };
  return {
    id: entity.id,
    version,
    group: messageGroupId(entity),
    plain: JSON.stringify(plain),
    versioned: serialiseEvent(
      {
        ...{ kind: 'state', entity, version, digest, owner: catalogue.name, schemaVersion: 1 },
        ...{ changedAt: at, publishedAt: at },
      },
      json,
    ),
  };
}

/** A number from 0 to 1, the same for the same arguments. */
export function drawn(...from: readonly unknown[]): number {
  return createHash('sha256').update(JSON.stringify(from)).digest().readUInt32BE() / 2 ** 32;
}
