import * as z from 'zod/mini';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';

const Item = z.object({
  name: z.string().check(
    z.refine((name) => {
      // No function survives this, whatever errors it catches.
      if (name === 'deadly') process.exit(1);
      return name !== 'never valid';
    }),
  ),
});

/** The owner for the tests of repair: an entity may be invalid, and one state ends the process that validates it. */
export default defineBoundary(import.meta.url, { name: 'depot', owns: { Item: { schema: Item } } });
