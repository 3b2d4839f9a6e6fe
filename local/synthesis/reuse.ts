import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { appPlace } from '../app-place.ts';
import { readCdkProject } from '../cdk-project.ts';
import { type SynthesiseOptions, synthesise } from '../synthesise.ts';
import { digest, readSources, type Sources, stateOf } from './inputs.ts';
import { keepAssembly, takeAssembly } from './kept-assemblies.ts';

/** How `synthesiseOrReuse` finds an earlier assembly. */
export interface ReuseOptions extends SynthesiseOptions {
  readonly assembly: string;
  /** The folder of the earlier assemblies. Several processes may use it at the same time. */
  readonly cache: string;
}

/** Raised with each change of what is kept. */
const FORMAT = 1;

const RECORDER = fileURLToPath(new URL('./recorder.cjs', import.meta.url));

/**
 * Variables of a terminal, which no app's templates depend on. Every other variable counts as an input of the app.
 */
const OF_TERMINAL =
  /^(?:_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|TERM.*|WINDOWID|SSH_.*|XDG_SESSION_.*|TMUX.*|STY|VSCODE_.*|npm_lifecycle_.*|FORCE_COLOR|NO_COLOR|COLORTERM)$/;

/**
 * Synthesises an app like `synthesise`, unless an earlier assembly has the same inputs: then that assembly is copied.
 * Inputs are the files of the repository around the project, the other files that the app or its bundles read,
 * installed packages, the context, the environment and the version of Node.
 *
 * An app isn't kept if its result may depend on something else: if it runs other programs, uses the network, has a
 * `build` command, or doesn't run on Node.
 *
 * @returns whether an earlier assembly was used
 */
export async function synthesiseOrReuse(
  projectFolder: string,
  { cache, ...options }: ReuseOptions,
): Promise<'reused' | 'synthesised'> {
  const { env = process.env, context, stacks = [], assembly } = options;
  const project = readCdkProject(projectFolder, context);
  const before = project.build === undefined ? readSources(resolve(projectFolder)) : undefined;
  if (before === undefined) {
    await synthesise(projectFolder, options);
    return 'synthesised';
  }
  const variables = Object.entries(env).filter(([name]) => !OF_TERMINAL.test(name));
  const settings = [
    FORMAT,
    process.version,
    resolve(projectFolder),
    project,
    await appPlace(env),
    stacks,
    variables.sort(),
  ];
  const key = digest(JSON.stringify([...settings, ...before])).slice(0, 32);
  if (takeAssembly(cache, key, assembly)) return 'reused';
  const records = mkdtempSync(join(tmpdir(), 'freshet-records-'));
  try {
    await synthesise(projectFolder, { ...options, env: recorded(env, records) });
    const inputs = readRecords(records, before, [assembly, records]);
    const after = readSources(resolve(projectFolder));
    if (inputs !== undefined && isSame(before, after)) keepAssembly(cache, key, assembly, inputs);
  } finally {
    rmSync(records, { recursive: true, force: true });
  }
  return 'synthesised';
}

/** What tsx and the CDK keep for themselves, by the content of what they read. */
const OWN_CACHES = [join(tmpdir(), 'tsx-'), join(homedir(), '.cdk', 'cache')];

function recorded(env: NodeJS.ProcessEnv, records: string): NodeJS.ProcessEnv {
  const quoted = JSON.stringify(RECORDER);
  return { ...env, FRESHET_RECORDS: records, NODE_OPTIONS: `${env.NODE_OPTIONS ?? ''} --require ${quoted}`.trim() };
}

function isSame(before: Sources, after: Sources | undefined): boolean {
  return before.size === after?.size && [...before].every(([path, found]) => after.get(path) === found);
}

const record = z.object({ paths: z.array(z.string()), unknown: z.array(z.string()) });

/**
 * What the app read beside its repository: path to state. Returns undefined if nothing was recorded, or if the app's
 * result may depend on something else than files.
 *
 * @param written folders that the app wrote
 */
function readRecords(records: string, sources: Sources, written: readonly string[]): Map<string, string> | undefined {
  const all = readdirSync(records).map((name) => record.parse(JSON.parse(readFileSync(join(records, name), 'utf8'))));
  if (all.length === 0 || all.some(({ unknown }) => unknown.length > 0)) return undefined;
  const unrelated = [...written.map((path) => resolve(path)), ...OWN_CACHES];
  const inputs = new Map<string, string>();
  for (const path of all.flatMap(({ paths }) => paths)) {
    if (inputs.has(path) || sources.has(path) || unrelated.some((one) => path.startsWith(one))) continue;
    const state = stateOf(path);
    // A file that is gone was temporary. Devices such as /dev/stdin have no state.
    if (state !== 'gone' && state !== 'special') inputs.set(path, state);
  }
  return inputs;
}
