import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

/**
 * Bundles a module and everything that it imports into `index.mjs` in a folder.
 *
 * Not by the CDK's `NodejsFunction`: it needs the entry and one lock file below one project root, and starts esbuild
 * through the project's package manager. Here the entry is in a package and the contracts are in the app around it.
 *
 * @param file absolute path of the module that exports `handler`
 * @param alias import names, each with the absolute path of the module that it stands for
 * @throws Error if a package that bundling needs isn't installed, or if esbuild can't bundle the module
 */
export function bundle(file: string, alias: Readonly<Record<string, string>>, outputFolder: string): void {
  assertInstalled();
  // Loaded here and not by an import, so that an app gets the error above and not one of Node's.
  const { buildSync }: typeof import('esbuild') = require('esbuild');
  buildSync({
    entryPoints: [file],
    outfile: join(outputFolder, 'index.mjs'),
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
    logLevel: 'warning',
  });
}

function assertInstalled(): void {
  const missing = missingPackages((name) => require.resolve(name));
  if (missing.length === 0) return;
  throw new Error(
    `not installed: ${missing.join(', ')}. The constructs bundle the Lambda functions when the app is synthesised, ` +
      `and need ${BUNDLING_PACKAGES.join(' and ')}. Run: npm install --save-dev ${missing.join(' ')}`,
  );
}

/**
 * Returns the packages that bundling needs and that aren't installed.
 *
 * @param resolve returns where a package is; throws if it isn't installed
 */
export function missingPackages(resolve: (name: string) => string): string[] {
  return BUNDLING_PACKAGES.filter((name) => {
    try {
      resolve(name);
      return false;
    } catch {
      return true;
    }
  });
}
