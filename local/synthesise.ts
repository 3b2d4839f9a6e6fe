import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import * as z from 'zod/mini';

const cdkJson = z.object({ app: z.string() });

export interface SynthesiseOptions {
  /** Folder of the assembly, emptied before: one run at a time. @default ".freshet/test-assembly" in the project's folder */
  readonly assembly?: string;
  /** Ends the app early. */
  readonly signal?: AbortSignal;
  /** The environment of the app. @default the environment of this process */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs the CDK app that `cdk.json` names, just as the CDK's own command line does, and returns the cloud assembly's folder.
 * Throws a `FreshetError` with the app's output if it fails.
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
    // The CDK's own look at the templates takes seconds to print warnings, which would not be shown here; it looks again before a deployment.
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
