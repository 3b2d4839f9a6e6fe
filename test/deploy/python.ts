import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './processes.ts';
import { Unavailable } from './target.ts';

/** What an emulator needs besides Node. */
export interface Installation {
  /** The name of the emulator's folder, with its version. */
  readonly name: string;
  /** The command that is Python. */
  readonly python: string;
  /** The file with the pinned packages. They are installed without what they depend on: the file has all. */
  readonly requirements: string;
  /** Commands that must succeed first, because the emulator needs their programs. */
  readonly needs: readonly (readonly [string, ...string[]])[];
  /** Commands that follow, in the folder. @default - none */
  readonly more?: readonly (readonly [string, ...string[]])[];
  /** Variables for the commands, besides those of this process. @default - none */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder that keeps installations for later runs. */
  readonly keep: string;
  /** The file for the output of the commands. */
  readonly log: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Installs an emulator into a virtual environment, unless an earlier run has installed the same. Returns the folder.
 *
 * @throws Unavailable if a command fails
 */
export async function installPython(installation: Installation): Promise<string> {
  const { name, python, requirements, needs, more = [], env, keep, log, timeoutMs, signal } = installation;
  const given = [readFileSync(requirements, 'utf8'), JSON.stringify(more)];
  const digest = createHash('sha256').update(given.join('\n')).digest('hex').slice(0, 12);
  const folder = join(keep, `${name}-${digest}`);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(keep, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-compile', '--no-deps', '-r', requirements];
  const commands: (readonly [string, ...string[]])[] = [
    ...needs,
    [python, '-m', 'venv', folder],
    [join(folder, 'bin', 'python'), ...pip],
    ...more,
  ];
  for (const [command, ...args] of commands) {
    const cwd = existsSync(folder) ? folder : keep;
    const options = { log, timeoutMs, signal, cwd, env: { ...process.env, ...env } };
    const code = await run(command, args, options).catch((error: unknown) => {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : 'failed';
    });
    if (code !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Unavailable(`${basename(command)} ${args.slice(0, 3).join(' ')}: ${code === 1 ? lastLine(log) : code}`);
    }
  }
  writeFileSync(complete, '');
  return folder;
}

function lastLine(file: string): string {
  return existsSync(file) ? (readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '') : '';
}
