import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Typed } from './warm-command-line.ts';

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
  const command = ['--conditions=freshet-source', '--import', tsx, join(root, 'cli/freshet.ts'), ...args];
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

/** One process for many commands in a folder: what starts anew with each is only what `main` starts, not the second that Node takes. */
export interface WarmCommandLine {
  /** Runs a command to its end, after those before it. */
  run(args: readonly string[], input?: string | Buffer): Promise<Ended>;
  stop(): void;
}

export function startWarmCommandLine(cwd: string): WarmCommandLine {
  const child = fork(join(root, 'test/support/warm-command-line.ts'), {
    ...{ cwd, execArgv: ['--conditions=freshet-source', '--import', tsx], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('no pipes');
  const runNow = async (args: readonly string[], input: string | Buffer): Promise<Ended> => {
    const end = `\0${randomUUID()}`;
    const typed: Typed = { args, input: Buffer.from(input).toString('base64'), end };
    const code = once(child, 'message');
    child.send(typed);
    const [out, err] = await Promise.all([textUntil(stdout, end), textUntil(stderr, end)]);
    return { code: (await code)[0], out, err };
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(args, input = '') {
      const ended = last.then(() => runNow(args, input));
      last = ended.catch(() => undefined);
      return ended;
    },
    stop: () => void child.kill(),
  };
}

/** What a stream brings before a text that ends it, or rather this part of it. */
async function textUntil(stream: Readable, end: string): Promise<string> {
  let all = '';
  for await (const chunk of stream.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    all += chunk;
    if (all.endsWith(end)) return all.slice(0, -end.length);
  }
  throw new Error(`the command line ended: ${all}`);
}
