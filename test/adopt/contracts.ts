import * as z from 'zod/mini';
import { defineBoundary, keep } from '../../package/index.ts';

const Product = z.strictObject({
  name: z.string(),
  price: z.string(),
  tags: z.optional(z.array(z.string())),
  photo: z.optional(z.string()),
  note: z.optional(z.nullable(z.string())),
});
const Offer = z.strictObject({ percent: z.number() });
const User = z.strictObject({ name: z.string() });
const Shelf = z.strictObject({ aisle: z.number() });

/** An owner whose service writes a single table with plain SDK code. */
export const catalogue = defineBoundary(import.meta.url, {
  name: 'catalogue',
  owns: {
    Product: {
      schema: Product,
      adopted: {
        read: ({ sk, sku, version, name, price, tags, photo, note }) =>
          sk === 'PRODUCT' ? { id: sku, version, state: { name, price, tags, photo, note } } : undefined,
        key: (id) => ({ pk: `SKU#${id}`, sk: 'PRODUCT' }),
        expiresBy: false,
        exactNumbers: ['price'],
      },
    },
    Offer: {
      schema: Offer,
      adopted: {
        read: ({ sk, sku, version, percent }) =>
          sk === 'OFFER' ? { id: sku, version, state: { percent } } : undefined,
        key: (id) => ({ pk: `SKU#${id}`, sk: 'OFFER' }),
        deletedByExpiry: true,
      },
    },
    /** Written with DynamoDB-Toolbox. */
    User: {
      schema: User,
      adopted: {
        read: ({ _et, userId, version, name }) =>
          _et === 'User' ? { id: userId, version, state: { name } } : undefined,
        key: (id) => ({ pk: `USER#${id}`, sk: 'USER' }),
        expiresBy: false,
      },
    },
    /** Written with `createOwner`, as a type of any owner. */
    Shelf: { schema: Shelf },
  },
});

export default defineBoundary(import.meta.url, {
  name: 'basket',
  caches: {
    Product: keep(catalogue.owns.Product),
    Offer: keep(catalogue.owns.Offer),
    User: keep(catalogue.owns.User),
    Shelf: keep(catalogue.owns.Shelf),
  },
});
