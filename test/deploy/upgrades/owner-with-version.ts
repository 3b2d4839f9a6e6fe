import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { productVersion2, upcast } from './schemas.ts';

/** The owner with the second schema version. */
export default defineBoundary(import.meta.url, {
  name: 'upgraded',
  owns: { Product: { schema: productVersion2, schemaVersion: 2, upcasts: { 1: upcast } } },
});
