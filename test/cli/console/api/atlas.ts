import * as z from 'zod';
import { defineBoundary } from '../../../../core/contract/define-boundary.ts';

const Place = z
  .object({
    name: z.string().refine((name) => name !== 'never valid'),
    position: z.object({ north: z.number(), east: z.number().describe('Degrees east of Greenwich.') }).optional(),
    tags: z.array(z.string()).optional(),
    guide: z.string().optional(),
  })
  .catchall(z.json());

/** An owner for the tests of the console's reads. Its states may have any other fields. */
export default defineBoundary(import.meta.url, {
  name: 'atlas',
  owns: {
    Place: {
      schema: Place,
      fields: { guide: { is: 'personal', publishedBecause: 'The visitors call the guide of a place.' } },
    },
  },
});
