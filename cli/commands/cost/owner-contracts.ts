import { defineBoundary } from 'freshet-aws/internal/core/contract/define-boundary';
import * as z from 'zod/mini';

/** The owner of the entities that a sample changes: a number, and a text that makes up the size. */
export default defineBoundary(import.meta.url, {
  name: 'cost-owner',
  owns: { Item: { schema: z.object({ n: z.int(), text: z.string() }) } },
});
