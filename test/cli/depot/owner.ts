import * as z from 'zod/mini';
import { defineBoundary } from '../../../core/contract.ts';

const Item = z.object({
  name: z.string().check(
    z.refine((name) => {
      // What no function survives, whatever it catches.
      if (name === 'deadly') process.exit(1);
      return name !== 'never valid';
    }),
  ),
});

/** Owns what the tests of repair need: entities that may be invalid, and one that kills who looks at it. */
export default defineBoundary(import.meta.url, { name: 'depot', owns: { Item: { schema: Item } } });
