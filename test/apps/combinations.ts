/** The source of an app's `node_modules`. All apps of npm share one install. */
export type Packages = 'npm' | 'npm workspaces' | 'pnpm workspaces' | 'yarn workspaces';

/** An app in which Freshet is tried, from its types to a read from a cache. */
export interface Combination {
  readonly name: string;
  /** What the app is, for the table in docs/compatibility.md. */
  readonly app: string;
  /** `type` of package.json. */
  readonly type: 'commonjs' | 'module';
  readonly module: string;
  readonly moduleResolution: string;
  /** Compiler options besides `strict`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** TypeScript's version: 7 is the one of `cdk init`. @default 7 */
  readonly typescript?: 5 | 7;
  /** `app` of cdk.json. */
  readonly run: string;
  /** How contracts name their module. */
  readonly location: 'import.meta.url' | '__filename';
  readonly test: 'jest' | 'node:test';
  readonly packages: Packages;
  /** Whether the app was made by `cdk init`, and keeps its tsconfig.json. */
  readonly isInit?: boolean;
}

const STRICTEST = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, declaration: true };

const ESM = {
  type: 'module',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  run: 'npx tsx bin/app.ts',
  location: 'import.meta.url',
  test: 'node:test',
  packages: 'npm',
} as const;

const COMMONJS = { ...ESM, type: 'commonjs', location: '__filename' } as const;

/** Builds the app into `out`, and runs it by Node alone. */
const COMPILED = 'npx tsc --noEmit false --outDir out && node out/bin/app.js';

/** The apps, the quickest check first. */
export const COMBINATIONS: readonly Combination[] = [
  {
    ...COMMONJS,
    name: 'cdk-init',
    app: '`cdk init app --language typescript`, CommonJS',
    run: 'npx tsc && npx tsx bin/app.ts',
    test: 'jest',
    isInit: true,
  },
  {
    ...ESM,
    name: 'cdk-init-esm',
    app: 'the same as ES modules',
    run: 'npx tsc && npx tsx bin/app.ts',
    isInit: true,
  },
  {
    ...COMMONJS,
    name: 'ts-node',
    app: 'CommonJS with ts-node',
    run: 'npx ts-node --prefer-ts-exts bin/app.ts',
    typescript: 5,
  },
  { ...COMMONJS, name: 'compiled-commonjs', app: 'CommonJS, compiled', run: COMPILED, options: { declaration: true } },
  { ...ESM, name: 'compiled-esm', app: 'ES modules, compiled', run: COMPILED, options: { declaration: true } },
  {
    ...COMMONJS,
    name: 'commonjs-bundler',
    app: 'CommonJS for a bundler',
    module: 'CommonJS',
    moduleResolution: 'Bundler',
  },
  {
    ...COMMONJS,
    name: 'commonjs-typescript-5',
    app: 'CommonJS, compiled by TypeScript 5',
    run: COMPILED,
    typescript: 5,
  },
  {
    ...COMMONJS,
    name: 'commonjs-node20',
    app: 'CommonJS of Node 20, compiled by TypeScript 5',
    module: 'Node20',
    moduleResolution: 'Node16',
    run: COMPILED,
    typescript: 5,
  },
  { ...ESM, name: 'node16', app: 'ES modules of Node 16', module: 'Node16', moduleResolution: 'Node16' },
  {
    ...ESM,
    name: 'esnext-bundler',
    app: 'ES modules for a bundler',
    module: 'ESNext',
    moduleResolution: 'Bundler',
  },
  { ...ESM, name: 'strictest-esm', app: 'ES modules, strictest', options: STRICTEST },
  {
    ...COMMONJS,
    name: 'strictest-commonjs',
    app: 'CommonJS, strictest',
    options: STRICTEST,
  },
  {
    ...ESM,
    name: 'type-script-names',
    app: 'ES modules, imports of `.ts`',
    options: { allowImportingTsExtensions: true, verbatimModuleSyntax: true, erasableSyntaxOnly: true },
  },
  { ...ESM, name: 'npm-workspaces', app: 'contracts in a package of their own', packages: 'npm workspaces' },
  { ...ESM, name: 'pnpm-workspaces', app: 'contracts in a package of their own', packages: 'pnpm workspaces' },
  { ...ESM, name: 'yarn-workspaces', app: 'contracts in a package of their own', packages: 'yarn workspaces' },
];

/** A setting that isn't supported, and the message that one gets. */
export interface Unsupported {
  readonly name: string;
  /** What isn't supported, and what to use instead, for the table in docs/compatibility.md. */
  readonly setting: string;
  readonly instead: string;
  /** The app in which it is tried. */
  readonly of: string;
  /** Compiler options to change. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Files to change: their paths with their contents. */
  readonly files?: Readonly<Record<string, string>>;
  /** The command that fails. */
  readonly command: readonly string[];
  /** A part of the message. */
  readonly message: string;
  /** The version of Node from which on it is supported: major and minor. @default - no version */
  readonly supportedFrom?: readonly [number, number];
}

/** Runs the app as `cdk synth` does: an app of `cdk init` is synthesised only if this variable is set. */
const SYNTH = ['env', 'CDK_OUTDIR=cdk.out', 'npx', 'tsx', 'bin/app.ts'];

/** A module of contracts after its imports. */
const contracts = (code: string) =>
  `import { defineBoundary } from 'freshet-aws';\nimport * as z from 'zod';\n${code}\n`;
const BOUNDARY = `defineBoundary(__filename, { name: 'geography', owns: { Country: { schema: z.object({}) } } })`;

export const UNSUPPORTED: readonly Unsupported[] = [
  {
    name: 'node10',
    setting: '`moduleResolution: node10` (`node`)',
    instead: '`node16`, `nodenext` or `bundler`',
    of: 'ts-node',
    options: { module: 'CommonJS', moduleResolution: 'Node10' },
    command: ['npx', 'tsc', '-p', '.'],
    message: "Consider updating to 'node16', 'nodenext', or 'bundler'.",
  },
  {
    name: 'commonjs-node16',
    setting: '`module: node16` or `node18` in a CommonJS app: these settings know no `require` of ES modules',
    instead: '`nodenext` with TypeScript 5.8 or later, or `node20` with TypeScript 5.9 or later',
    of: 'cdk-init',
    options: { module: 'Node16', moduleResolution: 'Node16' },
    command: ['npx', 'tsc', '-p', '.'],
    message: "The current file is a CommonJS module whose imports will produce 'require' calls",
  },
  {
    name: 'skip-lib-check',
    setting: '`skipLibCheck: false` with `exactOptionalPropertyTypes`, which the types of aws-cdk-lib do not pass',
    instead: '`skipLibCheck: true`, as `cdk init` has it',
    of: 'strictest-esm',
    options: { skipLibCheck: false },
    command: ['npx', 'tsc', '-p', '.'],
    message: "Class 'DefaultStackSynthesizer' incorrectly implements interface",
  },
  {
    name: 'jest-default',
    setting: "Jest's default transform, which leaves out `node_modules`, before Node 24.9",
    instead: 'the two lines of [Jest](#jest)',
    of: 'cdk-init',
    files: {
      'jest.config.js':
        "module.exports = { testEnvironment: 'node', roots: ['<rootDir>/test'], transform: { '^.+\\\\.tsx?$': ['@swc/jest'] } };",
    },
    command: ['npx', 'jest'],
    supportedFrom: [24, 9],
    message: 'Must use import to load ES Module',
  },
  {
    name: 'no-default-export',
    setting: 'contracts without a default export',
    instead: 'the line in the message',
    of: 'cdk-init',
    files: {
      'lib/geography/contracts.ts': contracts(`export const geography = ${BOUNDARY};`),
      'bin/app.ts': [
        "import { App, Stack } from 'aws-cdk-lib';",
        "import { EntityOwner } from 'freshet-aws/cdk';",
        "import { geography } from '../lib/geography/contracts';",
        "new EntityOwner(new Stack(new App(), 'Geography'), 'Owner', { boundary: geography });",
      ].join('\n'),
    },
    command: SYNTH,
    message: 'Add this line: export default geography;',
  },
  {
    name: 'cdk-in-contracts',
    setting: 'contracts that import the CDK',
    instead: '`import type`, or constructs in a module of their own',
    of: 'cdk-init',
    files: {
      'lib/geography/contracts.ts': contracts(
        `import { EntityOwner } from 'freshet-aws/cdk';\nexport const construct = EntityOwner;\nexport default ${BOUNDARY};`,
      ),
    },
    command: SYNTH,
    message: 'the Lambda functions would contain the CDK',
  },
  {
    name: 'dynamic-require',
    setting: 'contracts with a `require` or `import` whose module is only known at run time',
    instead: 'the name of the module in the call',
    of: 'cdk-init',
    files: {
      'lib/geography/contracts.ts': contracts(
        `export const load = (name: string) => require(name) as unknown;\nexport default ${BOUNDARY};`,
      ),
    },
    command: SYNTH,
    message: 'the bundle would look for a module at run time, where there is none',
  },
  {
    name: 'file-beside',
    setting: 'contracts that read a file beside them',
    instead: 'an import of the file',
    of: 'cdk-init',
    files: {
      'lib/geography/contracts.ts': contracts(
        `import { join } from 'node:path';\nexport const file = join(__dirname, 'countries.json');\nexport default ${BOUNDARY};`,
      ),
    },
    command: SYNTH,
    message: 'reads files beside it (__dirname), which a bundle does not contain',
  },
  {
    name: 'file-of-the-folder',
    setting: 'contracts that read a file of the current folder when they are loaded',
    instead: 'an import of the file',
    of: 'cdk-init',
    files: {
      'lib/geography/contracts.ts': contracts(
        `import { readFileSync } from 'node:fs';\nexport const file = readFileSync('./package.json', 'utf8');\nexport default ${BOUNDARY};`,
      ),
    },
    command: SYNTH,
    message: 'reads a file that is not on Lambda',
  },
];
