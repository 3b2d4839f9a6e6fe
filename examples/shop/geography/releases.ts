import { createRequire } from 'node:module';
import type { CurrencyCodeRecord } from 'currency-codes';
import type { State } from 'freshet-aws';
import type { Countries } from 'world-countries';

const require = createRequire(import.meta.url);

/** An entity of a data set. */
export interface Row {
  readonly id: string;
  readonly state: State;
}

/** The npm packages with two releases of ISO 4217. */
const CURRENCY_RELEASES = { '2.1.0': 'currency-codes-2.1/data', '2.2.0': 'currency-codes/data' } as const;

/** Returns the currencies of ISO 4217 in a release of `currency-codes`. */
export function currencies(release: keyof typeof CURRENCY_RELEASES): Row[] {
  const records: readonly CurrencyCodeRecord[] = require(CURRENCY_RELEASES[release]);
  return records.map(({ code, currency, number, digits, countries }) => ({
    id: code,
    state: { name: currency, number, digits, countries },
  }));
}

/** Returns the 250 countries of `world-countries`. */
export function countries(): Row[] {
  const records: Countries = require('world-countries/countries.json');
  return records.map((country) => ({
    id: country.cca2,
    state: {
      name: { common: country.name.common, official: country.name.official },
      alpha3: country.cca3,
      region: country.region,
      subregion: country.subregion,
      capital: country.capital,
      currencies: Object.keys(country.currencies),
      languages: country.languages,
      callingCodes: country.idd.suffixes.map((suffix) => country.idd.root + suffix),
      borders: country.borders,
      landlocked: country.landlocked,
      // The package writes -1 if the area isn't known.
      areaKm2: country.area < 0 ? null : country.area,
      flag: country.flag,
    },
  }));
}
