import { readFileSync } from 'node:fs';
import { extname, relative, resolve } from 'node:path';
import type { BuildResult, Loader, Metafile, TransformOptions } from 'esbuild';
import type { Definition } from './load-definition.ts';

/** Packages that only a CDK app needs. In a function they would take 41 MB. */
export const APP_PACKAGES = ['aws-cdk-lib', 'constructs'];

/** The kinds of messages for calls that esbuild can't bundle. By default esbuild doesn't report them. */
export const DYNAMIC = ['unsupported-require-call', 'unsupported-dynamic-import', 'indirect-require', 'empty-glob'];

/** Why a bundle would fail on Lambda. */
export interface BundleProblems {
  /** In the app's own modules: the app isn't synthesised. */
  readonly errors: readonly string[];
  /** What may never come to run. The id names the kind of warning. */
  readonly warnings: readonly { readonly id: string; readonly message: string }[];
}

/** What the check needs of esbuild. */
export interface Checked {
  readonly result: Pick<BuildResult<{ metafile: true }>, 'metafile' | 'warnings'>;
  readonly transform: (code: string, options: TransformOptions) => { readonly code: string };
  /** Whether a file belongs to the app: not to a package, and not to Freshet. */
  readonly isOwn: (path: string) => boolean;
  /** The definition that the bundles contain. */
  readonly definition?: Definition | undefined;
}

/** Finds what would fail when a bundle runs on Lambda: imports that were left, the CDK, and files that aren't there. */
export function bundleProblems({ result, transform, isOwn, definition }: Checked): BundleProblems {
  const { metafile, warnings } = result;
  const own = Object.keys(metafile.inputs).filter((path) => isOwn(resolve(path)));
  const dynamic = warnings.filter(({ id }) => DYNAMIC.includes(id));
  const dynamicOf = (inApp: boolean) =>
    dynamic.flatMap(({ location, id }) => {
      if (location === null || isOwn(resolve(location.file)) !== inApp) return [];
      const kind = id === 'unsupported-dynamic-import' || id === 'empty-glob' ? 'import' : 'require';
      return (
        `${shown(location.file)}:${location.line}: the bundle would look for a module at run time, where there is ` +
        `none. Name the module in the call: ${kind}('the-module'). The call: ${location.lineText.trim()}`
      );
    });
  return {
    errors: [
      ...appPackages(metafile, isOwn),
      ...dynamicOf(true),
      ...own.flatMap((path) => filesBeside(path, transform)),
    ],
    warnings: [
      ...dynamicOf(false).map((message) => ({ id: 'dynamicImport', message })),
      ...(definition === undefined ? [] : fileReaders(metafile, definition, isOwn)),
    ],
  };
}

/** The modules with functions that read files. */
const FILE_SYSTEM = ['fs', 'fs/promises', 'node:fs', 'node:fs/promises'];

/**
 * The modules of the app that a definition imports and that can read files. Loading the definition shows whether it
 * reads some then; this is for an upcast or a decision that reads some later.
 */
function fileReaders({ inputs }: Metafile, { file }: Definition, isOwn: Checked['isOwn']): BundleProblems['warnings'] {
  const reached = new Set(Object.keys(inputs).filter((path) => resolve(path) === file));
  // The set grows while it is read.
  for (const path of reached) for (const { path: to } of inputs[path]?.imports ?? []) if (to in inputs) reached.add(to);
  return [...reached].flatMap((path) => {
    const found = inputs[path]?.imports.find(({ path: to, external }) => external && FILE_SYSTEM.includes(to));
    if (found === undefined || !isOwn(resolve(path))) return [];
    return {
      id: 'readsFiles',
      message:
        `${shown(path)}: imports ${found.path}. A Lambda function has no files of the app. If an upcast or a ` +
        "decision reads one, it fails: import a JSON file instead, import data from './data.json'. If not, move what " +
        'reads files to a module that the contracts do not import.',
    };
  });
}

/** The shortest chain of imports from a module of the app to a package that only a CDK app needs. */
function appPackages({ inputs, outputs }: Metafile, isOwn: Checked['isOwn']): string[] {
  const entries = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const importers = new Map<string, string | undefined>(entries.map((path) => [path, undefined]));
  // The map grows while it is read, so that it holds the modules in the order of their distance from an entry.
  for (const [path] of importers) {
    for (const { path: to, external } of inputs[path]?.imports ?? []) {
      if (external && APP_PACKAGES.includes(to.split('/')[0] ?? '')) return [chainTo(path, to)];
      if (!importers.has(to)) importers.set(to, path);
    }
  }
  return [];

  function chainTo(importer: string, name: string): string {
    const chain: string[] = [name];
    for (let path: string | undefined = importer; path !== undefined; path = importers.get(path)) {
      // Freshet's own functions import the contracts, which tells an app's developer nothing.
      const one = shown(path);
      if ((isOwn(resolve(path)) || path.includes('node_modules')) && one !== chain[0]) chain.unshift(one);
    }
    return (
      `${chain.join(' → ')}: the Lambda functions would contain the CDK, which is 41 MB. Move the constructs to a ` +
      'module that the contracts do not import. A type of the CDK can stay as `import type`.'
    );
  }
}

/** How the module's location is named in the checked code, where comments and texts can't contain it. */
const LOCATION = { directory: '__freshet_directory', file: '__freshet_file', resolve: '__freshet_resolve' };

/** A text that a module with a location contains. Most modules have none and aren't parsed again. */
const MAY_READ = /__dirname|__filename|import\.meta|require\.resolve/;

/** What makes a path or a URL of the module's location. */
const READS = [
  LOCATION.directory,
  LOCATION.resolve,
  `new URL\\(.*, ?${LOCATION.file}\\)`,
  `(dirname|parse|fileURLToPath|createRequire)\\)?\\(${LOCATION.file}\\)`,
];

/** A module that reads files beside it, which aren't there on Lambda. */
function filesBeside(path: string, transform: Checked['transform']): string[] {
  const text = readFileSync(path, 'utf8');
  const loader = LOADERS[extname(path)];
  if (!MAY_READ.test(text) || loader === undefined) return [];
  const { code } = transform(text, {
    loader,
    define: {
      __dirname: LOCATION.directory,
      'import.meta.dirname': LOCATION.directory,
      __filename: LOCATION.file,
      'import.meta.filename': LOCATION.file,
      'import.meta.url': LOCATION.file,
      'import.meta.resolve': LOCATION.resolve,
      'require.resolve': LOCATION.resolve,
    },
  });
  const found = new RegExp(READS.join('|')).exec(code)?.[0];
  if (found === undefined) return [];
  const call = found
    .replace(LOCATION.directory, '__dirname')
    .replace(LOCATION.file, 'import.meta.url')
    .replace(LOCATION.resolve, 'resolve');
  return [
    `${shown(path)}: reads files beside it (${call}), which a bundle does not contain. Import a JSON file: ` +
      "import data from './data.json'. Put other content into a module that exports it.",
  ];
}

const LOADERS: Readonly<Partial<Record<string, Loader>>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
};

/** A module's path from the folder of the app, or the name of its package. */
export function shown(path: string): string {
  const [, inPackage] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
  return inPackage ?? relative(process.cwd(), resolve(path)).replaceAll('\\', '/');
}
