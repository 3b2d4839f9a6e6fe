import type { Boundary } from '../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import catalogue, { CONSUMERS_OF, PRODUCT_TYPES, type ProductType } from './catalogue.ts';

/** The environment variable with a consumer's number. All consumers share this module, and so their bundles. */
export const CONSUMER = 'CONSUMER';

/** The product types that a consumer caches. @param number from 1 */
export function wantedBy(number: number): ProductType[] {
  return PRODUCT_TYPES.filter((type) => number <= CONSUMERS_OF[type]);
}

/** The boundary of a consumer, with its caches. @param number from 1 */
export function consumer(number: number): Boundary {
  const caches = Object.fromEntries(wantedBy(number).map((type) => [type, keep(catalogue.owns[type])]));
  return defineBoundary(import.meta.url, { name: `consumer-${number}`, caches });
}

export default consumer(Number(process.env[CONSUMER] ?? '1'));
