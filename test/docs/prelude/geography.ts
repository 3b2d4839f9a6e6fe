import { defineBoundary } from 'freshet-aws';
import * as z from 'zod';

const Country = z.strictObject({ name: z.string(), region: z.optional(z.string()) });

export default defineBoundary(import.meta.url, { name: 'geography', owns: { Country: { schema: Country } } });
