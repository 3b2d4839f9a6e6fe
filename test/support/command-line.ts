import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../cli/main.ts';
import { commandIo } from './command-io.ts';

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

/** Starts a command in a folder, in a process of its own. @param env beside this process's own */
export function freshet(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const command = ['--conditions=freshet-source', '--import', tsx, join(root, 'cli/freshet.ts'), ...args];
  return spawn(process.execPath, command, { cwd, stdio: 'pipe', env: { ...process.env, ...env } });
}

/** Runs a command in a folder to its end, in a process of its own as a person does. */
export function runFreshet(args: readonly string[], cwd: string, input: string | Buffer = ''): Promise<Ended> {
  const child = freshet(args, cwd);
  child.stdin?.on('error', () => undefined).end(input);
  return endOf(child);
}

/** A command that runs in this process. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** What the command has printed so far. */
  out(): string;
  err(): string;
  /** Presses Ctrl-C. */
  interrupt(): void;
}

/** Starts a command in a folder, in this process: a process of its own takes more than a second to load. */
export function startHere(args: readonly string[], cwd: string, input: string | Buffer = ''): Running {
  const io = commandIo({ cwd, stdin: Readable.from([Buffer.from(input)], { objectMode: false }) });
  const ended = runCommand(args, io).then((code) => ({ code, out: io.out(), err: io.err() }));
  return { ended, out: io.out, err: io.err, interrupt: io.interrupt };
}

/** Runs a command in a folder to its end, in this process. */
export function runHere(args: readonly string[], cwd: string, input: string | Buffer = ''): Promise<Ended> {
  return startHere(args, cwd, input).ended;
}

/** Waits for a command's end. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('no pipes');
  const [[code], out, err] = await Promise.all([once(child, 'close'), text(stdout), text(stderr)]);
  return { code, out, err };
}
