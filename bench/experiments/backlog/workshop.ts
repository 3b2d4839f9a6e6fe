import * as z from 'zod';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';

/** The boundary that owns the entities which the experiment changes. */
export default defineBoundary(import.meta.url, {
  name: 'workshop',
  owns: { Part: { schema: z.strictObject({ change: z.int() }) } },
});
