import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { product } from './schemas.ts';

/** The owner before any upgrade. */
export default defineBoundary(import.meta.url, { name: 'upgraded', owns: { Product: { schema: product } } });
