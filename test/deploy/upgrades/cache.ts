import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import owner from './owner.ts';

/** The cache before any upgrade. */
export default defineBoundary(import.meta.url, { name: 'upgrading', caches: { Product: keep(owner.owns.Product) } });
