import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import depot from './owner.ts';

/** A cache that stops an entity when it can't apply an event of the entity. */
export default defineBoundary(import.meta.url, {
  name: 'strict',
  caches: { Item: keep(depot.owns.Item, { onPoison: 'stop' }) },
});
