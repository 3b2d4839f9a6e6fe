import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import owner from './owner-with-type.ts';

/** The cache with an index. */
export default defineBoundary(import.meta.url, {
  name: 'upgrading',
  caches: { Product: keep(owner.owns.Product, { indexes: { title: 'title' } }), Shelf: keep(owner.owns.Shelf) },
});
