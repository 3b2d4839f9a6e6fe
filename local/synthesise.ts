import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import * as z from 'zod/mini';

const cdkJson = z.object({ app: z.string() });

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
}

/**
 * Runs the CDK app of a project's `cdk.json`, as `cdk synth` does.
 * @param projectFolder the folder with `cdk.json`
 * @returns the folder of the cloud assembly, for `startLocalCloud`
 * @throws FreshetError `SynthesisFailed`: there is no `cdk.json` with an `app`, or the app fails. The message contains
 * the app's output
 */
export async function synthesise(projectFolder: string, options: SynthesiseOptions = {}): Promise<string> {
  const { assembly = join(projectFolder, '.freshet', 'test-assembly'), signal, env = process.env } = options;
  const app = appCommand(projectFolder);
  rmSync(assembly, { recursive: true, force: true });
  mkdirSync(assembly, { recursive: true });
  const child = spawn(app, {
    cwd: projectFolder,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The CDK's validation takes seconds and prints warnings that nobody sees here. It runs again before a deployment.
    env: { CDK_VALIDATION: 'false', ...env, CDK_OUTDIR: assembly },
    ...(signal && { signal }),
  });
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [code, out, err] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw synthesisFailed(`the CDK app of cdk.json failed (exit code ${code}):\n${err || out}`);
  return assembly;
}

function appCommand(projectFolder: string): string {
  const path = join(projectFolder, 'cdk.json');
  try {
    return cdkJson.parse(JSON.parse(readFileSync(path, 'utf8'))).app;
  } catch {
    throw synthesisFailed(`${path} is missing or has no "app". Run the command in a CDK project's folder.`);
  }
}

function synthesisFailed(message: string): FreshetError {
  return new FreshetError(message, { code: 'SynthesisFailed' });
}
