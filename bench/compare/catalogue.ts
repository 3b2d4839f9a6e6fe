import * as z from 'zod/mini';
import { defineBoundary } from '../../core/contract/define-boundary.ts';

const product = { schema: z.object({ name: z.string(), price: z.int(), description: z.string() }) };

/** How many consumers cache each product type. */
export const CONSUMERS_OF = { ForOne: 1, ForThree: 3, ForTen: 10 } as const;

/** A product type, named by the number of its consumers. */
export type ProductType = keyof typeof CONSUMERS_OF;

export const PRODUCT_TYPES = ['ForOne', 'ForThree', 'ForTen'] as const satisfies readonly ProductType[];

/** The numbers of consumers that are compared. */
export const CONSUMERS = PRODUCT_TYPES.map((type) => CONSUMERS_OF[type]);

/** The boundary that owns the products. */
export default defineBoundary(import.meta.url, {
  name: 'catalogue',
  owns: { ForOne: product, ForThree: product, ForTen: product },
});
