import * as z from 'zod/mini';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';

/** Accepts more than its consumers do: for them, a price below zero is poison. */
export const Item = z.strictObject({
  name: z.string(),
  price: z.number(),
  /** A type for states whose canonical text is longer than the sent text. */
  numbers: z.array(z.number()),
});

/** A large state with frequent small changes. */
export const Profile = z.strictObject({ name: z.string(), biography: z.string(), visits: z.int(), city: z.string() });

/** Says how much time and memory a consumer's schema needs to validate it. */
export const Device = z.strictObject({ name: z.string(), blockMs: z.number(), allocateMb: z.number() });

/** The owner in the failure tests. */
export default defineBoundary(import.meta.url, {
  name: 'catalogue',
  owns: { Item: { schema: Item }, Profile: { schema: Profile, deltas: true }, Device: { schema: Device } },
});
