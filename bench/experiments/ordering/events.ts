import { createHash } from 'node:crypto';
import * as z from 'zod';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { messageGroupId } from '../../../core/entity.ts';
import { serialiseEvent } from '../../../core/event.ts';
import { canonicalState } from '../../../core/state.ts';

const Product = z.strictObject({ name: z.string(), price: z.number(), description: z.string() });

/** The state of a product. */
export type Product = z.infer<typeof Product>;

/** The boundary that owns products. */
const catalogue = defineBoundary(import.meta.url, { name: 'catalogue', owns: { Product: { schema: Product } } });

/** The boundary that caches products. */
export const shop = defineBoundary(import.meta.url, {
  name: 'shop',
  caches: { Product: keep(catalogue.owns.Product) },
});

/** What happened to a product: it was created (version 1), then its name was updated (version 2). */
export type ProductEvent =
  | { readonly event: 'ProductCreated'; readonly id: string; readonly version: 1; readonly product: Product }
  | { readonly event: 'ProductNameUpdated'; readonly id: string; readonly version: 2; readonly name: string };

/** An event to send, with a body for each kind of consumer. */
export interface Outgoing {
  readonly id: string;
  readonly version: 1 | 2;
  readonly group: string;
  /** The body as a `ProductEvent`: an update carries the name only. */
  readonly plain: string;
  /** The body as Freshet publishes it: every version carries the whole state. */
  readonly versioned: string;
}

/** The most events of other products between a creation and its update. */
const LONGEST_LAG = 5;

/** Both events of each product. Creations follow one another; each update comes a few events later, by the seed. */
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
        kind: 'state',
        entity,
        version,
        digest,
        owner: catalogue.name,
        schemaVersion: 1,
        changedAt: at,
        publishedAt: at,
      },
      json,
    ),
  };
}

/** A pseudo-random number from 0 to 1, always the same for the same arguments. */
export function drawn(...from: readonly unknown[]): number {
  return createHash('sha256').update(JSON.stringify(from)).digest().readUInt32BE() / 2 ** 32;
}
