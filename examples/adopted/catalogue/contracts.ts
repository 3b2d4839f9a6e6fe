import { defineBoundary } from 'freshet-aws';
import * as z from 'zod/mini';

const Product = z.strictObject({
  name: z.string(),
  /** A decimal text: prices in DynamoDB have up to 38 digits. */
  price: z.string(),
  tags: z.optional(z.array(z.string())),
});

const Supplier = z.strictObject({ name: z.string(), city: z.string() });

/**
 * The catalogue's items, as they have always been in its table: products are written by plain SDK code, and suppliers
 * by ElectroDB. Orders are in the same table, and are nobody else's business.
 */
export default defineBoundary(import.meta.url, {
  name: 'catalogue',
  owns: {
    Product: {
      schema: Product,
      adopted: {
        read: ({ sk, sku, version, name, price, tags }) =>
          sk === 'PRODUCT' ? { id: sku, version, state: { name, price, tags } } : undefined,
        key: (id) => ({ pk: `PRODUCT#${id}`, sk: 'PRODUCT' }),
        expiresBy: false,
        exactNumbers: ['price'],
      },
    },
    Supplier: {
      schema: Supplier,
      adopted: {
        // ElectroDB names the entity of an item in `__edb_e__`.
        read: ({ __edb_e__: entity, supplierId, version, name, city }) =>
          entity === 'supplier' ? { id: supplierId, version, state: { name, city } } : undefined,
        key: (id) => ({ pk: `$catalogue#supplierid_${id}`, sk: '$supplier_1' }),
        deletedByExpiry: true,
      },
    },
  },
});
