import { type Boundary, defineBoundary, keep } from '../../core/contract.ts';
import catalogue, { CONSUMERS_OF, PRODUCT_TYPES, type ProductType } from './catalogue.ts';

/** The variable by which a consumer's functions know which consumer they are: all share this module, and so their bundles. */
export const CONSUMER = 'CONSUMER';

/** The types that a consumer wants. @param number from 1 */
export function wantedBy(number: number): ProductType[] {
  return PRODUCT_TYPES.filter((type) => number <= CONSUMERS_OF[type]);
}

/** A consumer's contracts, as its cache needs them. @param number from 1 */
export function consumer(number: number): Boundary {
  const caches = Object.fromEntries(wantedBy(number).map((type) => [type, keep(catalogue.owns[type])]));
  return defineBoundary(import.meta.url, { name: `consumer-${number}`, caches });
}

export default consumer(Number(process.env[CONSUMER] ?? '1'));
