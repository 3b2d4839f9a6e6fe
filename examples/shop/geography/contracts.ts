import { defineBoundary } from 'freshet-aws';
// A namespace import can be tree-shaken. `import { z }` would add 350 KB of locales to every bundle.
import * as z from 'zod';

const name = z.string().min(1).max(200);

/** A country of ISO 3166-1. Its id is the two-letter code. */
const Country = z.strictObject({
  name: z.strictObject({ common: name, official: name }),
  /** ISO 3166-1 alpha-3 code. */
  alpha3: z.string().regex(/^[A-Z]{3}$/),
  region: z.string().max(50),
  subregion: z.string().max(50),
  capital: z.array(name),
  /** ISO 4217 codes of the currencies in use, which are the ids of Currency. */
  currencies: z.array(z.string().regex(/^[A-Z]{3}$/)),
  /** Language names by ISO 639-3 code. */
  languages: z.record(z.string(), name),
  /** Calling codes with the plus sign. */
  callingCodes: z.array(z.string().max(20)),
  borders: z.array(z.string().regex(/^[A-Z]{3}$/)),
  landlocked: z.boolean(),
  /** Null if the area isn't known. */
  areaKm2: z.number().min(0).nullable(),
  flag: z.string().max(20),
});

/** A currency of ISO 4217. Its id is the three-letter code. */
const Currency = z.strictObject({
  name,
  /** Three digits, leading zeros included. */
  number: z.string().regex(/^[0-9]{3}$/),
  /** Digits after the decimal separator. */
  digits: z.int().min(0).max(4),
  /** Names of the places that use the currency, as ISO writes them. */
  countries: z.array(z.string().max(200)),
});

export default defineBoundary(import.meta.url, {
  name: 'geography',
  owns: { Country: { schema: Country }, Currency: { schema: Currency } },
});
