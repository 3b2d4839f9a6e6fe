import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import catalogue from './catalogue.ts';
import { strictItem } from './demanding.ts';

/** Discards poison, and keeps a part of the profiles. */
export default defineBoundary(import.meta.url, {
  name: 'discarding',
  caches: {
    Item: keep(strictItem, { onPoison: 'discard' }),
    Profile: keep(catalogue.owns.Profile, { onPoison: 'discard', fields: ['name', 'visits'] }),
  },
});
