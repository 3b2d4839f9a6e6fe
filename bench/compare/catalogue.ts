import * as z from 'zod/mini';
import { defineBoundary } from '../../core/contract.ts';

const product = { schema: z.object({ name: z.string(), price: z.int(), description: z.string() }) };

/** How many consumers there are of each type: they all want the same changes, and each type is another amount of them. */
export const CONSUMERS_OF = { ForOne: 1, ForThree: 3, ForTen: 10 } as const;

/** A type of product, called by how many consumers want it. */
export type ProductType = keyof typeof CONSUMERS_OF;

export const PRODUCT_TYPES = ['ForOne', 'ForThree', 'ForTen'] as const satisfies readonly ProductType[];

/** Numbers of consumers that are compared. */
export const CONSUMERS = PRODUCT_TYPES.map((type) => CONSUMERS_OF[type]);

/** Owns the products. */
export default defineBoundary(import.meta.url, {
  name: 'catalogue',
  owns: { ForOne: product, ForThree: product, ForTen: product },
});
