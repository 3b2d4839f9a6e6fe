import * as z from 'zod/mini';
import { defineBoundary } from '../../../core/contract.ts';

/** Takes more than its consumers do: a price below zero is poison to them. */
export const Item = z.strictObject({
  name: z.string(),
  price: z.number(),
  /** For states whose canonical text is longer than what was sent. */
  numbers: z.array(z.number()),
});

/** Large, and changes often and a little. */
export const Profile = z.strictObject({ name: z.string(), biography: z.string(), visits: z.int(), city: z.string() });

/** Says what a consumer's schema will need to look at it. */
export const Device = z.strictObject({ name: z.string(), blockMs: z.number(), allocateMb: z.number() });

/** Owns what the failure tests change. */
export default defineBoundary(import.meta.url, {
  name: 'catalogue',
  owns: { Item: { schema: Item }, Profile: { schema: Profile, deltas: true }, Device: { schema: Device } },
});
