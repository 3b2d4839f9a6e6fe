import { defineBoundary } from 'freshet-aws';
import * as z from 'zod';

/**
 * A product for sale. Its id is the article number. Stock isn't a part of it: stock changes with every sale and belongs
 * to the warehouse.
 */
const Product = z.strictObject({
  name: z.string().min(1).max(200),
  description: z.string().max(10_000),
  category: z.string().min(1).max(50),
  price: z.strictObject({
    /** In the currency's smallest unit, such as cents for EUR. */
    amount: z.int().min(1),
    /** ISO 4217 code, which is the id of a Currency. */
    currency: z.string().regex(/^[A-Z]{3}$/),
  }),
});

/** A product's state. */
export type Product = z.infer<typeof Product>;

export default defineBoundary(import.meta.url, {
  name: 'catalog',
  // Descriptions are long and prices change often, so a delta with only the price is much shorter.
  owns: { Product: { schema: Product, deltas: true } },
});
