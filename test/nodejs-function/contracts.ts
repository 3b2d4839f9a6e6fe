import * as z from 'zod';
import { defineBoundary, keep } from '../../package/index.ts';

const Country = z.strictObject({ name: z.string() });

export const atlas = defineBoundary(import.meta.url, { name: 'atlas', owns: { Country: { schema: Country } } });

export default defineBoundary(import.meta.url, { name: 'voyage', caches: { Country: keep(atlas.owns.Country) } });
