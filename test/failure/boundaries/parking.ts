import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import catalogue from './catalogue.ts';
import { demandingDevice, strictItem } from './demanding.ts';

/** Keeps everything whole, and parks poison. */
export default defineBoundary(import.meta.url, {
  name: 'parking',
  caches: { Item: keep(strictItem), Profile: keep(catalogue.owns.Profile), Device: keep(demandingDevice) },
});
