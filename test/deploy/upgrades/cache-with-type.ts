import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import owner from './owner-with-type.ts';

/** The cache that also keeps the second entity type. */
export default defineBoundary(import.meta.url, {
  name: 'upgrading',
  caches: { Product: keep(owner.owns.Product), Shelf: keep(owner.owns.Shelf) },
});
