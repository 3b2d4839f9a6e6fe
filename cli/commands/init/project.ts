import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemsOf } from 'freshet-local/internal/problems';
import * as z from 'zod/mini';
import { UsageError } from '../../errors.ts';
import { inFormOf, plainText } from './text-form.ts';

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
  /** package.json as text. */
  readonly packageText: string;
  readonly isCommonJs: boolean;
  /** The end of relative imports. */
  readonly extension: Extension;
  /** The end of relative imports of the entry, which can be an ES module in a CommonJS app. */
  readonly entryExtension: Extension;
  /** Whether projen writes package.json. */
  readonly isProjen: boolean;
  /** The folder of the app's own modules: `lib`, or `src` if only that exists. */
  readonly sources: string;
  /** The module that creates the CDK app, relative to the folder. @default - it isn't found */
  readonly entry?: string;
  /** The test runner that package.json names. Jest counts in a CommonJS app only. @default - it names none */
  readonly runner?: TestRunner;
}

type Extension = '' | '.js' | '.ts';

/** The name of a TypeScript module in the command that runs the app. */
const TYPESCRIPT = /(?<=^|[\s'"=])[\w./-]+\.[mc]?ts(?=$|[\s'"])/g;

/** Node itself, without a loader, runs a TypeScript module. It finds modules by their whole names only. */
const NODE_ITSELF =
  /(?:^|[\s&;|'"])node\s+(?:--(?!import|loader|require|experimental-loader)\S+\s+)*[\w./-]+\.[mc]?ts(?=$|[\s'"])/;

/**
 * Reads the CDK app of a folder.
 *
 * @throws UsageError if the folder has no cdk.json or no package.json, or one that isn't readable
 */
export function readProject(folder: string): Project {
  const cdk = readJson(join(folder, 'cdk.json'), z.looseObject({ app: z.optional(z.string()) })).value;
  const { value: given, text } = readJson(join(folder, 'package.json'), packageJson);
  const command = cdk.app ?? '';
  const isRunByNode = NODE_ITSELF.test(command);
  // Without a type in package.json, Node reads TypeScript with `import` as an ES module.
  const isCommonJs = given.type === undefined ? !isRunByNode : given.type !== 'module';
  const entry = entryOf(folder, command);
  const runner = TEST_RUNNERS.find(
    (name) =>
      (name !== 'jest' || isCommonJs) && (given.devDependencies?.[name] ?? given.dependencies?.[name]) !== undefined,
  );
  const ofEntry = entry === undefined ? undefined : importedExtension(readFileSync(join(folder, entry), 'utf8'));
  const ofModules = ofEntry ?? (isRunByNode ? '.ts' : extensionOf(folder));
  return {
    folder,
    packageJson: given,
    packageText: text,
    isCommonJs,
    extension: isCommonJs ? '' : ofModules,
    entryExtension: isCommonJs && !entry?.endsWith('.mts') ? (ofEntry ?? '') : ofModules,
    isProjen: readdirSync(folder).some((file) => file.startsWith('.projenrc.')),
    sources: !existsSync(join(folder, 'lib')) && existsSync(join(folder, 'src')) ? 'src' : 'lib',
    ...(entry !== undefined && { entry }),
    ...(runner !== undefined && { runner }),
  };
}

function readJson<T extends object>(
  file: string,
  schema: z.ZodMiniType<T>,
): { readonly value: T; readonly text: string } {
  try {
    const text = readFileSync(file, 'utf8');
    const given: unknown = JSON.parse(plainText(text));
    const { data, error } = schema.safeParse(given);
    if (error !== undefined) throw new Error(problemsOf(error, given));
    // The result of the schema has its own order of keys. package.json is written again, in its order.
    return { value: Object.assign({ ...(given as object) }, data), text };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      isMissing
        ? `there is no ${file}. Run the command in the folder of a CDK app, or in an empty folder to make a new one.`
        : `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Returns a value as JSON with the indentation, the line ends and the byte order mark of a text. */
export function jsonLike(text: string, value: object): string {
  const [, indent = '  '] = /\n([ \t]+)"/.exec(text) ?? [];
  return inFormOf(text, `${JSON.stringify(value, undefined, indent)}\n`);
}

/** The end of the first relative import of a module; undefined if it has none. */
function importedExtension(source: string): Extension | undefined {
  const [, path] = /^(?:import|export)\s[^;'"]*?['"](\.{1,2}\/[^'"]+(?<!\.json))['"]/m.exec(source) ?? [];
  if (path === undefined) return undefined;
  const [, kind] = /\.[mc]?([jt])s$/.exec(path) ?? [];
  return kind === undefined ? '' : kind === 'j' ? '.js' : '.ts';
}

/** ES modules name the whole file. TypeScript accepts `.ts` only with a setting of its own. */
function extensionOf(folder: string): Extension {
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
