import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The module of a boundary or a saga, whose definition is bundled into Freshet's functions. */
export interface Definition {
  /** Absolute path of the module. */
  readonly file: string;
  /** Name of the boundary or the saga. */
  readonly name: string;
}

/** What a process saw that imported the bundle of a definition as Lambda does. */
export type Loaded =
  | { readonly exports: readonly Export[]; readonly error?: never }
  | { readonly error: LoadError; readonly exports?: never };

/** A definition that a module exports. */
export interface Export {
  readonly as: string;
  readonly name: string;
}

/** What the import threw. */
export interface LoadError {
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
  readonly stack?: string;
}

/** A process that imports a bundle. It runs while the app goes on. */
export interface Loading {
  /** Waits for the end of the process. The result is undefined if the same bundle was good before. */
  readonly result: () => Loaded | undefined;
  /** Notes that the bundle is good, so that no later synthesis imports it again. */
  readonly isGood: () => void;
}

/** The longest time of one import. Lambda itself allows 10 seconds. */
const LIMIT_MS = 30_000;

const NO_REPORT = `no process of Node could import it within ${LIMIT_MS / 1000} seconds`;

/** The program of the process: imports a bundle, and writes what it saw into a file. */
const PROGRAM = `
import { renameSync, writeFileSync } from 'node:fs';
const [url, report] = process.argv.slice(1);
let seen = { error: { message: 'the process ended, or waits for something that never happens' } };
process.on('exit', () => {
  writeFileSync(report + '-', JSON.stringify(seen));
  renameSync(report + '-', report);
});
function fail(thrown) {
  const { message = String(thrown), code, syscall, stack } = thrown ?? {};
  // Messages name the folder that Lambda has. Their other lines list the modules of this process.
  const [first] = message.replaceAll(process.cwd(), '/var/task').split('\\n');
  seen = { error: { message: first, code, syscall, stack } };
  process.exit();
}
process.on('uncaughtException', fail);
const isDefinition = (one) => typeof one?.name === 'string' && 'module' in one;
const named = (exported) => Object.entries(exported ?? {}).map(([as, one]) => ({ as, one }));
const module = await import(url).catch(fail);
const inner = isDefinition(module.default) ? [] : named(module.default);
const exports = [...named(module), ...inner].filter(({ one }) => isDefinition(one));
setImmediate(() => {
  seen = { exports: exports.map(({ as, one }) => ({ as, name: one.name })) };
  process.exit();
});
`;

/** The imports of this process, so that the functions of an app and several apps share them. */
const LOADINGS = new Map<string, Loading>();

/**
 * Imports the bundle of a definition in a process of its own, like a Lambda function when it starts: in a folder with
 * nothing but the bundle, without the variables of this environment, and without credentials. Returns at once.
 *
 * The same bundle isn't imported twice: this process remembers all, and the folder the good ones.
 *
 * @param code the bundle. If it contains a source map, the stack of an error names the places in the sources.
 */
export function loadDefinition(code: Uint8Array, { name }: Definition, folder: string): Loading {
  const key = createHash('sha256')
    .update(JSON.stringify([process.version, PROGRAM, name]))
    .update(code)
    .digest('hex');
  const known = LOADINGS.get(key);
  if (known !== undefined) return known;
  const marker = join(folder, key);
  const loading = existsSync(marker) ? GOOD : { result: startImport(code, name), isGood };
  LOADINGS.set(key, loading);
  return loading;

  function isGood(): void {
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(marker, '');
    } catch {
      // The folder can't be written. The next synthesis imports the bundle again.
    }
  }
}

const GOOD: Loading = { result: () => undefined, isGood: () => {} };

/** The folder of good bundles: in `node_modules`, where tools keep what they can make again. */
export function goodBundles(): string {
  let folder = process.cwd();
  while (!existsSync(join(folder, 'node_modules')) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, 'node_modules', '.cache', 'freshet-aws');
}

function startImport(code: Uint8Array, name: string): Loading['result'] {
  // Node names a module by its real path, and the temporary folder may be a link.
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'freshet-load-')));
  const [task, report] = [join(root, 'task'), join(root, 'report.json')];
  if (!process.listeners('exit').includes(removeFolders)) process.on('exit', removeFolders);
  FOLDERS.add(root);
  mkdirSync(task);
  writeFileSync(join(task, 'index.mjs'), code);
  const url = pathToFileURL(join(task, 'index.mjs')).href;
  const args = ['--enable-source-maps', '--input-type=module', '-e', PROGRAM, url, report];
  const child = spawn(process.execPath, args, { cwd: task, env: environment(task, name), stdio: 'ignore' });
  // Without a process, the event has the reason. It is of no use here, and without a listener it ends the app.
  child.once('error', () => {});
  child.unref();
  let loaded: Loaded | undefined;
  return () => {
    if (loaded === undefined) {
      loaded = (child.pid !== undefined && waitFor(report)) || { error: { message: NO_REPORT } };
      child.kill('SIGKILL');
      FOLDERS.delete(root);
      rmSync(root, { recursive: true, force: true });
    }
    return loaded;
  };
}

/** The folders of imports whose result nobody has asked for. */
const FOLDERS = new Set<string>();

function removeFolders(): void {
  for (const folder of FOLDERS) rmSync(folder, { recursive: true, force: true });
}

/** Waits without events, because a synthesis is synchronous. */
function waitFor(report: string): Loaded | undefined {
  const deadlineMs = Date.now() + LIMIT_MS;
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(report)) {
    if (Date.now() > deadlineMs) return undefined;
    Atomics.wait(never, 0, 0, 2);
  }
  return JSON.parse(readFileSync(report, 'utf8')) as Loaded;
}

/** The environment of a Lambda function, as far as code can depend on it. */
function environment(task: string, name: string): NodeJS.ProcessEnv {
  return {
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: 'freshet-load',
    AWS_REGION: 'us-east-1',
    DEFINITION: name,
    LAMBDA_TASK_ROOT: task,
    TZ: ':UTC',
    // Node can't start on Windows without it.
    ...(process.env.SystemRoot !== undefined && { SystemRoot: process.env.SystemRoot }),
  };
}
