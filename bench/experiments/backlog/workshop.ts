import * as z from 'zod';
import { defineBoundary } from '../../../core/contract.ts';

/** Owns what the experiment changes. */
export default defineBoundary(import.meta.url, {
  name: 'workshop',
  owns: { Part: { schema: z.strictObject({ change: z.int() }) } },
});
