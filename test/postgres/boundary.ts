import * as z from 'zod/mini';
import { defineBoundary, fact, keep } from '../../package/index.ts';

/** An owner in PostgreSQL, with a type whose changes are published as deltas, and a fact. */
export const parts = defineBoundary(import.meta.url, {
  name: 'parts',
  owns: {
    Part: { schema: z.strictObject({ name: z.string(), price: z._default(z.number(), 1) }), deltas: true },
    Shelf: { schema: z.strictObject({ note: z.string() }) },
  },
  publishes: { PartOrdered: fact({ ids: ['orderId', 'partId'], about: 'orderId' }) },
});

/** A service that caches the owner's types. */
export default defineBoundary(import.meta.url, {
  name: 'workshop',
  caches: { Part: keep(parts.owns.Part), Shelf: keep(parts.owns.Shelf) },
});
