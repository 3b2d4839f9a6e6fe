import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import depot from './owner.ts';

/** A cache that parks events that it can't apply, and keeps some of the fields. */
export default defineBoundary(import.meta.url, {
  name: 'lenient',
  caches: { Item: keep(depot.owns.Item, { fields: ['name'] }) },
});
