import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { appEnvironment, readCdkProject, synthesisFailed } from './cdk-project.ts';
import { chooseStacks } from './choose-stacks.ts';

/** How `synthesise` runs the app. */
export interface SynthesiseOptions {
  /**
   * Folder for the assembly. It is emptied first, so two runs at the same time need two folders.
   * @default ".freshet/test-assembly" in the project's folder
   */
  readonly assembly?: string;
  /** Stops the app when it aborts. The promise then rejects. @default - the app runs to its end */
  readonly signal?: AbortSignal;
  /** The environment of the app. @default the environment of this process */
  readonly env?: NodeJS.ProcessEnv;
  /** Context values that override those of `cdk.json`, like those of `cdk synth --context`. @default {} */
  readonly context?: Readonly<Record<string, unknown>>;
  /**
   * The stacks to keep in the assembly, with the stacks that they depend on: paths such as `Orders` or `Production/*`,
   * or names. `*` stands for any text without a slash, `**` for any text. @default - all stacks
   */
  readonly stacks?: readonly string[];
}

/**
 * Runs the CDK app of a project as `cdk synth` does: with the context of `cdk.json`, `cdk.context.json` and
 * `~/.cdk.json`, and the default region and account of the profile or the credentials, after the project's `build`
 * command. The account is known if the CDK's command line has used the credentials before. The templates are those that
 * `cdk deploy` would send.
 *
 * @param projectFolder the folder with `cdk.json`
 * @returns the folder of the cloud assembly, for `startLocalCloud`
 * @throws FreshetError `SynthesisFailed` if there is no `cdk.json` with an `app`, if the app fails (the message
 * contains its output), or if an entry of `stacks` matches no stack (the message lists the stacks)
 */
export async function synthesise(projectFolder: string, options: SynthesiseOptions = {}): Promise<string> {
  const {
    assembly = join(projectFolder, '.freshet', 'test-assembly'),
    signal,
    env = process.env,
    context,
    stacks,
  } = options;
  const project = readCdkProject(projectFolder, context);
  rmSync(assembly, { recursive: true, force: true });
  mkdirSync(assembly, { recursive: true });
  const environment = await appEnvironment(project, assembly, env);
  for (const command of [project.build, project.app]) {
    if (command !== undefined) await run(command, projectFolder, environment, signal);
  }
  if (stacks !== undefined) chooseStacks(assembly, stacks);
  return assembly;
}

async function run(
  command: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  const child = spawn(command, { cwd, shell: true, stdio: ['ignore', 'pipe', 'pipe'], env, ...(signal && { signal }) });
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [code, out, err] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw synthesisFailed(`${command} (of cdk.json) failed with exit code ${code}:\n${err || out}`);
}
