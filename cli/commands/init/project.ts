import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { UsageError } from '../../errors.ts';

/** The test runners that `freshet init` writes a test for. */
export const TEST_RUNNERS = ['vitest', 'jest', 'node:test'] as const;
export type TestRunner = (typeof TEST_RUNNERS)[number];

const versions = z.optional(z.record(z.string(), z.string()));
const packageJson = z.looseObject({
  type: z.optional(z.string()),
  scripts: versions,
  dependencies: versions,
  devDependencies: versions,
});

/** The parts of package.json that `freshet init` reads and changes. */
export type PackageJson = z.infer<typeof packageJson>;

/** A CDK app as its files describe it. */
export interface Project {
  readonly folder: string;
  readonly packageJson: PackageJson;
  readonly isCommonJs: boolean;
  /** The end of relative imports. */
  readonly extension: '' | '.js' | '.ts';
  /** The folder of the app's own modules: `lib`, or `src` if only that exists. */
  readonly sources: string;
  /** The module that creates the CDK app, relative to the folder. @default - it isn't found */
  readonly entry?: string;
  /** The test runner that package.json names. Jest counts in a CommonJS app only. @default - it names none */
  readonly runner?: TestRunner;
}

/** The name of a TypeScript module in the command that runs the app. */
const TYPESCRIPT = /(?<=^|[\s'"=])[\w./-]+\.[mc]?ts(?=$|[\s'"])/g;

/**
 * Reads the CDK app of a folder.
 *
 * @throws UsageError if the folder has no cdk.json or no package.json, or one that isn't readable
 */
export function readProject(folder: string): Project {
  const cdk = readJson(join(folder, 'cdk.json'), z.looseObject({ app: z.optional(z.string()) }));
  const given = readJson(join(folder, 'package.json'), packageJson);
  const isCommonJs = given.type !== 'module';
  const entry = entryOf(folder, cdk.app ?? '');
  const runner = TEST_RUNNERS.find(
    (name) =>
      (name !== 'jest' || isCommonJs) && (given.devDependencies?.[name] ?? given.dependencies?.[name]) !== undefined,
  );
  return {
    folder,
    packageJson: given,
    isCommonJs,
    extension: extensionOf(folder, isCommonJs),
    sources: !existsSync(join(folder, 'lib')) && existsSync(join(folder, 'src')) ? 'src' : 'lib',
    ...(entry !== undefined && { entry }),
    ...(runner !== undefined && { runner }),
  };
}

function readJson<T extends object>(file: string, schema: z.ZodMiniType<T>): T {
  try {
    const given: unknown = JSON.parse(readFileSync(file, 'utf8'));
    // The result of the schema has its own order of keys. package.json is written again, in its order.
    return Object.assign({ ...(given as object) }, schema.parse(given));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      isMissing
        ? `there is no ${file}. Run the command in the folder of a CDK app, or in an empty folder to make a new one.`
        : `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** ES modules name the whole file. TypeScript accepts `.ts` only with a setting of its own. */
function extensionOf(folder: string, isCommonJs: boolean): Project['extension'] {
  if (isCommonJs) return '';
  const file = join(folder, 'tsconfig.json');
  const settings = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return /^\s*"(?:allowImportingTsExtensions|rewriteRelativeImportExtensions)"\s*:\s*true/m.test(settings)
    ? '.ts'
    : '.js';
}

/** The module that cdk.json runs, or the only module in `bin` if the app runs compiled code. */
function entryOf(folder: string, command: string): string | undefined {
  const named = [...command.matchAll(TYPESCRIPT)]
    .map(([file]) => file)
    .filter((file) => existsSync(join(folder, file)));
  if (named.length > 0) return named.at(-1)?.replace(/^\.\//, '');
  const inBin = existsSync(join(folder, 'bin'))
    ? readdirSync(join(folder, 'bin')).filter((file) => /(?<!\.d)\.[mc]?ts$/.test(file))
    : [];
  return inBin.length === 1 ? `bin/${inBin[0]}` : undefined;
}

/** The package manager whose lock file is in the folder or above it. */
export function packageManagerOf(folder: string): 'npm' | 'pnpm' | 'yarn' {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'pnpm-lock.yaml'))) return 'pnpm';
    if (existsSync(join(at, 'yarn.lock'))) return 'yarn';
    if (existsSync(join(at, 'package-lock.json')) || at === dirname(at)) return 'npm';
  }
}
