import { defineBoundary, keep } from '../../../../core/contract/define-boundary.ts';
import atlas from './atlas.ts';

/** A cache that keeps the whole state, and stops an entity when it can't apply an event of the entity. */
export default defineBoundary(import.meta.url, {
  name: 'maps',
  caches: { Place: keep(atlas.owns.Place, { onPoison: 'stop' }) },
});
