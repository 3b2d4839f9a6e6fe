import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { productWithColour } from './schemas.ts';

/** The owner with a new field. */
export default defineBoundary(import.meta.url, { name: 'upgraded', owns: { Product: { schema: productWithColour } } });
