import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { UsageError } from './errors.ts';

const cdkJson = z.object({ app: z.string() });

/**
 * Runs the CDK app that `cdk.json` names, just as the CDK's own command line does, and returns the cloud assembly's folder.
 * Throws a `UsageError` with the app's output if it fails.
 */
export async function synthesise(projectFolder: string, signal: AbortSignal): Promise<string> {
  const app = appCommand(projectFolder);
  const assembly = join(projectFolder, '.freshet', 'cloud-assembly');
  rmSync(assembly, { recursive: true, force: true });
  mkdirSync(assembly, { recursive: true });
  const child = spawn(app, {
    cwd: projectFolder,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CDK_OUTDIR: assembly },
    signal,
  });
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [code, out, err] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new UsageError(`the CDK app of cdk.json failed (exit code ${code}):\n${err || out}`);
  return assembly;
}

function appCommand(projectFolder: string): string {
  const path = join(projectFolder, 'cdk.json');
  try {
    return cdkJson.parse(JSON.parse(readFileSync(path, 'utf8'))).app;
  } catch {
    throw new UsageError(`${path} is missing or has no "app". Run the command in a CDK project's folder.`);
  }
}
