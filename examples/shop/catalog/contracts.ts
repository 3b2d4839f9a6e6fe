import * as z from 'zod';
import { defineBoundary } from '../../../core/contract.ts';

/** What is sold; id: its article number. Stock isn't in it: that changes with every sale and belongs to the warehouse. */
const Product = z.strictObject({
  name: z.string().min(1).max(200),
  description: z.string().max(10_000),
  category: z.string().min(1).max(50),
  price: z.strictObject({
    /** In the currency's smallest unit: cents of EUR. */
    amount: z.int().min(1),
    /** ISO 4217; id of Currency. */
    currency: z.string().regex(/^[A-Z]{3}$/),
  }),
});

/** A product's state. */
export type Product = z.infer<typeof Product>;

export default defineBoundary(import.meta.url, {
  name: 'catalog',
  // Descriptions are long and prices change often: a delta carries the price alone.
  owns: { Product: { schema: Product, deltas: true } },
});
