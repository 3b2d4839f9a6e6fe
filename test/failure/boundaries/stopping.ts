import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { demandingDevice, strictItem } from './demanding.ts';

/** Stops an entity at its poison. */
export default defineBoundary(import.meta.url, {
  name: 'stopping',
  caches: { Item: keep(strictItem, { onPoison: 'stop' }), Device: keep(demandingDevice, { onPoison: 'stop' }) },
});
