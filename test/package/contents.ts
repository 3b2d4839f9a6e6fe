import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import * as z from 'zod';

/** The packages of this repository, each after the packages that it depends on, with their folders. */
export const PACKAGES = { 'freshet-aws': '.', 'freshet-local': 'local', 'freshet-cli': 'cli' } as const;

export type PackageName = keyof typeof PACKAGES;

const names = z.record(z.string(), z.string()).default({});
const manifest = z.object({
  name: z.string(),
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
  dependencies: names,
  optionalDependencies: names,
  peerDependencies: names,
});

/** Files that every package may contain besides its code. */
const DOCUMENTS = /^(LICENSE|package\.json|[A-Z]+\.md)$/;

/** The code and the pages that each package may contain. */
const CONTENTS: Readonly<Record<PackageName, RegExp>> = {
  'freshet-aws': /^((dist\/)?(adapters|core|lambdas|lib|package)\/|docs\/[\w-]+\.md$)/,
  'freshet-local':
    /^(dist\/)?((cloudwatch|engine|fifo|iam|keep|lambda|ledger|provision|synthesis|wire)\/|[\w-]+(\.d)?\.[jt]s(\.map)?$)/,
  'freshet-cli': /^(dist\/|docs\/[\w-]+\.md$)/,
};

/** Files that only this repository uses, wherever they are. */
const PRIVATE = /(^|\/)(bench|bin|examples|test)\/|\.(test|prop|int|bench)\.[jt]s$/;

/** Import names that bundling resolves to an app's modules. */
const BUNDLED = ['#contracts', '#saga'];

/** What an entry must not load, by package and entry: packages, and folders of the package itself. */
const KEPT_OUT: Readonly<Record<string, RegExp>> = {
  'freshet-aws .':
    /^(aws-cdk-lib|constructs|esbuild|tsx|@aws-sdk\/client-(cloudwatch|cloudformation|lambda)|dist\/(lib|lambdas)\/)/,
  'freshet-aws ./cdk': /^(esbuild|tsx|@aws-sdk\/|dist\/lambdas\/)/,
  'freshet-local .': /^(aws-cdk-lib|constructs|esbuild|tsx|commander)/,
};

/** Returns the files of a package that don't belong in it. */
export function contentProblems(name: PackageName, files: readonly string[]): string[] {
  return files
    .filter((file) => !DOCUMENTS.test(file) && (!CONTENTS[name].test(file) || PRIVATE.test(file)))
    .map((file) => `${name}: ${file} doesn't belong in the package`);
}

/** Returns the packages that an installed package loads without declaring them, or that its entries must not load. */
export function loadProblems(folder: string): string[] {
  const { name, exports, ...dependencies } = manifest.parse(
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
  const declared = new Set([name, ...Object.values(dependencies).flatMap((one) => Object.keys(one))]);
  const modules = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .map((file) => join('dist', file));
  const undeclared = loadedBy(folder, modules).filter((one) => !one.startsWith('dist/') && !declared.has(one));
  const unwanted = Object.entries(exports).flatMap(([entry, target]) => {
    const keptOut = KEPT_OUT[`${name} ${entry}`];
    if (keptOut === undefined || typeof target === 'string') return [];
    const loaded = loadedBy(folder, [target.default]).filter((one) => keptOut.test(one));
    return loaded.map((one) => `${name}: the entry ${entry} loads ${one}`);
  });
  return [...undeclared.map((one) => `${name}: loads ${one}, which its package.json doesn't declare`), ...unwanted];
}

/** Returns a package's own files and the other packages that some of its files load, at once or later. */
function loadedBy(folder: string, files: readonly string[]): string[] {
  const { metafile } = buildSync({
    absWorkingDir: folder,
    entryPoints: [...files],
    outdir: 'out',
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    external: BUNDLED,
    metafile: true,
    logLevel: 'silent',
  });
  const packages = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external, path }) => external === true && isPackage(path)).map(({ path }) => packageOf(path)),
  );
  return [...new Set([...Object.keys(metafile.inputs), ...packages])];
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith('node:') && !builtinModules.includes(specifier) && !BUNDLED.includes(specifier);
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
