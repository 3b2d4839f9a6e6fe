import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { productVersion2, shelf, upcast } from './schemas.ts';

/** The owner with a second entity type. */
export default defineBoundary(import.meta.url, {
  name: 'upgraded',
  owns: {
    Product: { schema: productVersion2, schemaVersion: 2, upcasts: { 1: upcast } },
    Shelf: { schema: shelf },
  },
});
