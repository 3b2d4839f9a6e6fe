import { defineBoundary, keep } from '../../../core/contract.ts';
import depot from './owner.ts';

/** A cache that stops an entity at an event that it can't apply. */
export default defineBoundary(import.meta.url, {
  name: 'strict',
  caches: { Item: keep(depot.owns.Item, { onPoison: 'stop' }) },
});
