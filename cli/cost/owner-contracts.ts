import { defineBoundary } from 'freshet-aws/internal/core/contract';
import * as z from 'zod/mini';

/** Owns the entities that a sample changes: a number, and as much text as it takes. */
export default defineBoundary(import.meta.url, {
  name: 'cost-owner',
  owns: { Item: { schema: z.object({ n: z.int(), text: z.string() }) } },
});
