import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import * as z from 'zod';

const manifest = z.object({
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
  bin: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
});

/** What may be in the package beside its code. */
const DOCUMENTS = ['LICENSE', 'README.md', 'package.json'];
const CODE = /^dist\/(adapters|bin\/freshet|cli|core|lambdas|lib|local|package)\b/;

/** Names that bundling resolves to an app's modules. */
const BUNDLED = ['#contracts', '#saga'];

/** What the entries never load: what each costs is for those who ask for it. */
const KEPT_OUT: Readonly<Record<string, RegExp>> = {
  '.': /^(aws-cdk-lib|constructs|esbuild|tsx|commander|node-sqlite3-wasm|dist\/(lib|local|cli|lambdas)\/)/,
  './cdk': /^(tsx|commander|node-sqlite3-wasm|dist\/(local|cli)\/)/,
  './testing': /^(aws-cdk-lib|constructs|esbuild|tsx|commander|dist\/lib\/)/,
};

/** What is wrong with the files of the package; empty if all is well. */
export function contentProblems(files: readonly string[]): string[] {
  return files
    .filter((file) => !DOCUMENTS.includes(file) && !CODE.test(file))
    .map((file) => `${file}: is no part of the package`);
}

/** What is wrong with what the installed package loads; empty if all is well. */
export function loadProblems(folder: string): string[] {
  const { exports, bin, dependencies, peerDependencies } = manifest.parse(
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
  const declared = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
  const lambdas = readdirSync(join(folder, 'dist', 'lambdas')).filter((file) => file.endsWith('.js'));
  const entries = [
    ...Object.entries(exports).flatMap(([name, target]) =>
      typeof target === 'string' ? [] : [[name, target.default] as const],
    ),
    ...Object.entries(bin),
    ...lambdas.map((file) => [`lambdas/${file}`, `dist/lambdas/${file}`] as const),
  ];
  return entries.flatMap(([name, file]) => {
    const loaded = loadedBy(folder, file);
    const undeclared = loaded.filter((one) => !one.startsWith('dist/') && !declared.has(one));
    const unwanted = loaded.filter((one) => KEPT_OUT[name]?.test(one));
    return [
      ...undeclared.map((one) => `${name} loads ${one}, which package.json doesn't declare`),
      ...unwanted.map((one) => `${name} loads ${one}`),
    ];
  });
}

/** The package's own files and the other packages that a file loads, now or later. */
function loadedBy(folder: string, file: string): string[] {
  const { metafile } = buildSync({
    absWorkingDir: folder,
    entryPoints: [file],
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
