import { defineBoundary, keep } from '../../../../core/contract/define-boundary.ts';
import atlas from './atlas.ts';

/** A cache that keeps one field, and parks events that it can't apply. */
export default defineBoundary(import.meta.url, {
  name: 'names',
  caches: { Place: keep(atlas.owns.Place, { fields: ['name'] }) },
});
