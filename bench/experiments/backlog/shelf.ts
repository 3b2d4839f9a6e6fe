import { defineBoundary, keep } from '../../../core/contract.ts';
import workshop from './workshop.ts';

/** Caches it. */
export default defineBoundary(import.meta.url, { name: 'shelf', caches: { Part: keep(workshop.owns.Part) } });
