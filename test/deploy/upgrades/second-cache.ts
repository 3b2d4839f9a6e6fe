import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import owner from './owner-with-type.ts';

/** A cache that comes when the owner has entities already. */
export default defineBoundary(import.meta.url, { name: 'later', caches: { Product: keep(owner.owns.Product) } });
