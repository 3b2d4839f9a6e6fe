import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APP_PACKAGES, bundleProblems, DYNAMIC } from './bundle-problems.ts';
import { missingDefault } from './default-export.ts';

/** The repository's root in a clone, `dist` in the package: both hold the same folders. */
export const CODE_ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Whether this file runs as TypeScript, from a clone. */
const IS_SOURCE = extname(import.meta.url) === '.ts';

/** What a bundle of ES modules lacks: `require` for CommonJS packages, and `__filename` for CommonJS contracts. */
const BANNER =
  "import{createRequire}from'node:module';const require=createRequire(import.meta.url),__filename=import.meta.filename;";

/**
 * Packages that only bundling needs. They are optional peers, so that a service without a CDK app can leave them out.
 */
const BUNDLING_PACKAGES = ['esbuild', '@aws-sdk/client-cloudwatch'];

const require = createRequire(import.meta.url);

/** A module to bundle. */
export interface BundleSource {
  /** Absolute path of the module that exports `handler`. */
  readonly file: string;
  /** Import names, each with the absolute path of the module that it stands for. */
  readonly alias: Readonly<Record<string, string>>;
  /**
   * Absolute paths of modules that the app probably bundles next, with the same aliases. One run of esbuild reads what
   * they share once: three functions of a cache take half the time.
   */
  readonly together: readonly string[];
}

/** The code of an app's bundles by `bundleKey`. */
export type Bundles = Map<string, Uint8Array>;

/**
 * Bundles a module and everything that it imports into `index.mjs` in a folder.
 *
 * Not by the CDK's `NodejsFunction`: it needs the entry and one lock file below one project root, and starts esbuild
 * through the project's package manager. Here the entry is in a package and the contracts are in the app around it.
 *
 * @param bundles the bundles of this app so far; the function adds to them
 * @param warn receives what may fail when the bundle runs
 * @throws Error if a package that bundling needs isn't installed, if esbuild can't bundle the module, or if the bundle
 *   would fail on Lambda
 */
export function bundle(
  source: BundleSource,
  outputFolder: string,
  bundles: Bundles,
  warn: (message: string) => void = () => {},
): void {
  const { file, alias, together } = source;
  let code = bundles.get(bundleKey(file, alias));
  if (code === undefined) {
    for (const [path, built] of build([...new Set([file, ...together])], alias, warn)) {
      bundles.set(bundleKey(path, alias), built);
      if (path === file) code = built;
    }
  }
  if (code === undefined) throw new Error(`esbuild gave no bundle of ${file}`);
  writeFileSync(join(outputFolder, 'index.mjs'), code);
}

function bundleKey(file: string, alias: Readonly<Record<string, string>>): string {
  return JSON.stringify([file, alias]);
}

function build(
  files: readonly string[],
  alias: Readonly<Record<string, string>>,
  warn: (message: string) => void,
): [string, Uint8Array][] {
  assertInstalled();
  // Loaded here and not by an import, so that an app gets the error above and not one of Node's.
  const esbuild: typeof import('esbuild') = require('esbuild');
  const missing = missingDefault(alias, esbuild.buildSync);
  if (missing !== undefined) throw new Error(missing);
  const result = esbuild.buildSync({
    entryPoints: files.map((file, index) => ({ in: file, out: String(index) })),
    // Nothing is written there: the bundles stay in memory until a function asks for its own.
    outdir: CODE_ROOT,
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // In a clone, contracts and functions must find this package's sources, as the app itself does.
    ...(IS_SOURCE && { conditions: ['freshet-source', 'module'] }),
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    alias: { ...alias },
    // The CDK never belongs into a function. As an external import it is found without reading its 41 MB.
    external: APP_PACKAGES.flatMap((name) => [name, `${name}/*`]),
    metafile: true,
    logLevel: 'silent',
    logOverride: Object.fromEntries(DYNAMIC.map((id) => [id, 'warning'])),
  });
  const { errors, warnings } = bundleProblems({ result, transform: esbuild.transformSync, isOwn });
  if (errors.length > 0) throw new Error(errors.join('\n'));
  for (const warning of warnings) warn(warning);
  return result.outputFiles.map(({ path, contents }) => [files[Number(basename(path, '.js'))] ?? path, contents]);
}

/** Freshet's folders, which hold no module of an app. */
const FRESHET = ['adapters', 'core', 'lambdas', 'lib', 'package'].map((folder) => join(CODE_ROOT, folder) + sep);

function isOwn(path: string): boolean {
  return !path.split(sep).includes('node_modules') && !FRESHET.some((folder) => path.startsWith(folder));
}

function assertInstalled(): void {
  const missing = missingPackages((name) => require.resolve(name));
  if (missing.length === 0) return;
  throw new Error(
    `not installed: ${missing.join(', ')}. The constructs bundle the Lambda functions when the app is synthesised, ` +
      `and need ${BUNDLING_PACKAGES.join(' and ')}. Run: npm install --save-dev ${missing.join(' ')}`,
  );
}

/** Throws if a package that a function imports isn't installed. @param why what needs the package */
export function assertBundled(name: string, why: string): void {
  if (missingPackages((one) => require.resolve(one), [name]).length === 0) return;
  throw new Error(`not installed: ${name}. ${why} needs it. Run: npm install --save-dev ${name}`);
}

/**
 * Returns the packages that bundling needs and that aren't installed.
 *
 * @param resolve returns where a package is; throws if it isn't installed
 */
export function missingPackages(resolve: (name: string) => string, names = BUNDLING_PACKAGES): string[] {
  return names.filter((name) => {
    try {
      resolve(name);
      return false;
    } catch {
      return true;
    }
  });
}
