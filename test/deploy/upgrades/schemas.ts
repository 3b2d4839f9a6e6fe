import * as z from 'zod';
import type { Upcast } from '../../../core/contract/contract.ts';

/** The first schema. It is strict: it refuses fields that it doesn't know. */
export const product = z.strictObject({ name: z.string() });

/** The schema with a new optional field. */
export const productWithColour = z.strictObject({ name: z.string(), colour: z.exactOptional(z.string()) });

/** The second schema version: `name` is now called `title`. */
export const productVersion2 = z.strictObject({ title: z.string(), colour: z.exactOptional(z.string()) });

/** Turns a state of the first schema version into one of the second. */
export const upcast: Upcast = ({ name = '', ...rest }) => ({ title: name, ...rest });

export const shelf = z.strictObject({ label: z.string() });
