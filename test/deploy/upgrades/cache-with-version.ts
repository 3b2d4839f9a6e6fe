import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import owner from './owner-with-version.ts';

/** The cache that knows the second schema version. */
export default defineBoundary(import.meta.url, { name: 'upgrading', caches: { Product: keep(owner.owns.Product) } });
