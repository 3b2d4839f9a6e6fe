import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BuildOptions, Metafile } from 'esbuild';
import { APP_PACKAGES, bundleProblems, DYNAMIC } from './bundle-problems.ts';
import { checkDefinition } from './check-definition.ts';
import { type Definition, goodBundles, type Loading } from './load-definition.ts';

/** The repository's root in a clone, `dist` in the package: both hold the same folders. */
export const CODE_ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Whether this file runs as TypeScript, from a clone. */
const IS_SOURCE = extname(import.meta.url) === '.ts';

/** What a bundle of ES modules lacks: `require` for CommonJS packages, and `__filename` for CommonJS contracts. */
const BANNER =
  "import{createRequire as __freshet}from'node:module';" +
  'const require=__freshet(import.meta.url),__filename=import.meta.filename;';

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
  /** The definition that the modules import. @default - none */
  readonly definition?: Definition;
}

/** What was bundled for an app so far. */
export interface Bundles {
  /** The bundles by `bundleKey`. */
  readonly code: Map<string, Uint8Array>;
  /** The definitions that were loaded. */
  readonly loadings: Set<Loading>;
  /** The folder that notes definitions that can be loaded. */
  readonly good: string;
}

/** Receives what may be wrong with a bundle. */
export interface BundleReport {
  /** @param id names the kind of warning, so that an app can acknowledge it */
  warn(id: string, message: string): void;
  /** @param problem called when the app is synthesised; returns what is wrong, or undefined if nothing is wrong */
  later(problem: () => string | undefined): void;
}

export function noBundles(good = goodBundles()): Bundles {
  return { code: new Map(), loadings: new Set(), good };
}

/**
 * Bundles a module and everything that it imports into `index.mjs` in a folder.
 *
 * Not by the CDK's `NodejsFunction`: it needs the entry and one lock file below one project root, and starts esbuild
 * through the project's package manager. Here the entry is in a package and the contracts are in the app around it.
 *
 * If the module imports a definition, a process starts to load the definition as Lambda does. It runs until the app is
 * synthesised, so that it takes no time of its own.
 *
 * @param bundles the bundles of this app so far; the function adds to them
 * @throws Error if a package that bundling needs isn't installed, if esbuild can't bundle the module, or if the bundle
 *   would fail on Lambda
 */
export function bundle(source: BundleSource, outputFolder: string, bundles: Bundles, report: BundleReport): void {
  const { file, alias } = source;
  const key = bundleKey(file, alias);
  const code = bundles.code.get(key) ?? build(source, bundles, report).code.get(key);
  if (code === undefined) throw new Error(`esbuild gave no bundle of ${file}`);
  writeFileSync(join(outputFolder, 'index.mjs'), code);
}

function bundleKey(file: string, alias: Readonly<Record<string, string>>): string {
  return JSON.stringify([file, alias]);
}

function build(source: BundleSource, bundles: Bundles, report: BundleReport): Bundles {
  const { file, alias, together, definition } = source;
  assertInstalled();
  // Loaded here and not by an import, so that an app gets the error above and not one of Node's.
  const esbuild: typeof import('esbuild') = require('esbuild');
  const files = [...new Set([file, ...together])];
  // The definition alone is one more bundle of the same run. It contains what the others contain of the app.
  const entries = definition === undefined ? files : [...files, definition.file];
  const result = esbuild.buildSync({
    ...buildOptions(alias),
    entryPoints: entries.map((entry, index) => ({ in: entry, out: String(index) })),
    minify: true,
    metafile: true,
    logLevel: 'silent',
    logOverride: Object.fromEntries(DYNAMIC.map((id) => [id, 'warning'])),
  });
  const { errors, warnings } = bundleProblems({ result, transform: esbuild.transformSync, isOwn, definition });
  if (errors.length > 0) throw new Error(errors.join('\n'));
  for (const { id, message } of warnings) report.warn(id, message);
  for (const { path, contents: code } of result.outputFiles) {
    const entry = files[Number(basename(path, '.js'))];
    if (entry !== undefined) bundles.code.set(bundleKey(entry, alias), code);
    else if (definition !== undefined) {
      const isModule = formatOf(result.metafile, definition.file) === 'esm';
      checkDefinition(
        { definition, code, isModule, mapped, isOwn, good: bundles.good },
        bundles.loadings,
        report.later,
      );
    }
  }
  return bundles;

  /** The definition with the places of its sources, which only an error needs. */
  function mapped(): Uint8Array {
    const maps = { sourcemap: 'inline', sourcesContent: false, sourceRoot: pathToFileURL(CODE_ROOT).href } as const;
    const built = esbuild.buildSync({
      ...buildOptions(alias),
      ...maps,
      entryPoints: entries.slice(-1),
      logLevel: 'silent',
    });
    return built.outputFiles[0]?.contents ?? new Uint8Array();
  }
}

function formatOf({ inputs, outputs }: Metafile, file: string): string | undefined {
  const entries = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  return inputs[entries.find((path) => resolve(path) === file) ?? '']?.format;
}

/** How all bundles are made. Nothing is written: they stay in memory until a function asks for its own. */
function buildOptions(alias: Readonly<Record<string, string>>) {
  return {
    // esbuild would take the folder in which it was loaded, and an app may have changed to another one.
    absWorkingDir: process.cwd(),
    outdir: CODE_ROOT,
    write: false,
    bundle: true,
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
  } satisfies BuildOptions;
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
