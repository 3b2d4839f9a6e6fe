import * as z from 'zod/mini';
import { defineBoundary } from '../../core/contract.ts';

/** Owns the entities that a sample changes: a number, and as much text as it takes. */
export default defineBoundary(import.meta.url, {
  name: 'cost-owner',
  owns: { Item: { schema: z.object({ n: z.int(), text: z.string() }) } },
});
