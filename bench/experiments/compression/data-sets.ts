import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import currencies from 'currency-codes';
import { canonicalText } from '../../../core/canonical-json.ts';
import type { Json } from '../../../core/state.ts';
import { ROOT } from '../../support/assembly.ts';

/** Real data from packages that the repository depends on, as an owner would publish it. */
export interface DataSet {
  readonly name: string;
  /** Canonical JSON. */
  readonly json: string;
}

const require = createRequire(import.meta.url);
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Json;
const ofPackage = (file: string) => read(require.resolve(file));

/** A file of a package that doesn't export its files. */
const inPackage = (name: string, file: string) => read(join(ROOT, 'node_modules', name, file));

const set = (name: string, state: Json): DataSet => ({ name, json: canonicalText(state) });

/** Each data set as one state, smallest first. */
export function dataSets(): readonly DataSet[] {
  const countries = ofPackage('world-countries/dist/countries-unescaped.json') as readonly Json[];
  const bySize = [...countries].sort((a, b) => canonicalText(a).length - canonicalText(b).length);
  const all = [
    set('world-countries: the median country', bySize[bySize.length >> 1] ?? null),
    set('world-countries: all countries', { countries }),
    set('world-countries: outline of Canada', inPackage('world-countries', 'data/can.geo.json')),
    set('currency-codes: all currencies', { currencies: currencies.data as unknown as Json }),
    set('aws-cdk-lib: package.json', inPackage('aws-cdk-lib', 'package.json')),
    set('this repository: package-lock.json', read(join(ROOT, 'package-lock.json'))),
    set('@asyncapi/specs: schema 3.1.0', inPackage('@asyncapi/specs', 'schemas/3.1.0.json')),
    set('@biomejs/biome: configuration schema', inPackage('@biomejs/biome', 'configuration_schema.json')),
    set('oxlint: configuration schema', inPackage('oxlint', 'configuration_schema.json')),
  ];
  return all.sort((a, b) => a.json.length - b.json.length);
}

/** Small entities, each of them a state of its own: their names and their canonical JSON. */
export function entitySets(): readonly { readonly name: string; readonly entities: readonly string[] }[] {
  const countries = ofPackage('world-countries/dist/countries-unescaped.json') as readonly Json[];
  return [
    { name: 'countries of about this size (number)', entities: countries.map(canonicalText) },
    { name: 'package.json files of about this size (number)', entities: packageFiles().map(canonicalText) },
  ];
}

/** The package.json files of all packages in node_modules. */
function packageFiles(): readonly Json[] {
  const modules = join(ROOT, 'node_modules');
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((scoped) => join(name, scoped)) : [name],
  );
  const files = names.map((name) => join(modules, name, 'package.json'));
  return files.filter((file) => existsSync(file)).map(read);
}
