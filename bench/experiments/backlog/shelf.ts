import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import workshop from './workshop.ts';

/** The boundary that caches the workshop's parts. */
export default defineBoundary(import.meta.url, { name: 'shelf', caches: { Part: keep(workshop.owns.Part) } });
