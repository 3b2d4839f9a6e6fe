import * as z from 'zod/mini';
import { defineBoundary, keep } from '../../package/index.ts';

const Part = z.strictObject({ name: z.string(), price: z._default(z.number(), 1) });

/** An owner whose entities are in a table of its own, which Freshet knows nothing about. */
export const parts = defineBoundary(import.meta.url, {
  name: 'parts',
  owns: { Part: { schema: Part, deltas: true } },
});

export default defineBoundary(import.meta.url, { name: 'workshop', caches: { Part: keep(parts.owns.Part) } });
