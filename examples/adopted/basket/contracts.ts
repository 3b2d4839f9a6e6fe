import { defineBoundary, keep } from 'freshet-aws';
import catalogue from '../catalogue/contracts.ts';

const { Product, Supplier } = catalogue.owns;

/** Another service, which shows products and suppliers without a call to the catalogue. */
export default defineBoundary(import.meta.url, {
  name: 'basket',
  caches: { Product: keep(Product), Supplier: keep(Supplier) },
});
