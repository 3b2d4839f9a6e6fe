import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The project's root. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What `node --import` takes to run TypeScript, also in a folder that has no modules. */
export const tsx = import.meta.resolve('tsx');

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts a command in a folder. @param env beside this process's own */
export function freshet(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const command = ['--import', tsx, join(root, 'bin/freshet.ts'), ...args];
  return spawn(process.execPath, command, { cwd, stdio: 'pipe', env: { ...process.env, ...env } });
}

/** Runs a command in a folder to its end. */
export function runFreshet(args: readonly string[], cwd: string, input: string | Buffer = ''): Promise<Ended> {
  const child = freshet(args, cwd);
  child.stdin?.on('error', () => undefined).end(input);
  return endOf(child);
}

/** Waits for a command's end. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('no pipes');
  const [[code], out, err] = await Promise.all([once(child, 'close'), text(stdout), text(stderr)]);
  return { code, out, err };
}
