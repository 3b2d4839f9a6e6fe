import { defineBoundary, keep } from '../../../core/contract.ts';
import depot from './owner.ts';

/** A cache that parks what it can't apply, and keeps a part. */
export default defineBoundary(import.meta.url, {
  name: 'lenient',
  caches: { Item: keep(depot.owns.Item, { fields: ['name'] }) },
});
