import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** A child process that ends with this one, however this one ends. */
export interface GuardedProcess {
  /** True until the process has ended. */
  readonly running: boolean;
  /** What it last wrote to stderr (at most 2,000 characters), for error messages. */
  readonly lastErrors: string;
  /** Resolves when the process has ended, or could not be started, and its folder is removed. */
  readonly ended: Promise<void>;
  /** Ends it at once (SIGKILL: what it holds is for this run only). */
  kill(): Promise<void>;
}

/**
 * A shell that runs the program and waits on file descriptor 3, a pipe that only this Node process holds open. A line or the end of file,
 * which comes when Node is gone, also by SIGKILL, ends the program. The shell keeps stderr closed, so its end tells Node that the program
 * has ended by itself. Its name ($0) is the folder that is removed in the end.
 */
const GUARD_SCRIPT =
  '"$@" 3<&- & program=$!; exec 2>/dev/null; read -r _ <&3; kill -9 $program; wait; [ -z "$0" ] || rm -rf -- "$0"';

/**
 * Starts a program that must not outlive this process. On Linux and macOS that holds even when this process is killed with SIGKILL; on
 * Windows, which has no such shell, only when it exits by itself.
 *
 * @param folder what the program keeps its data in; removed when the program has ended. @default - nothing is removed
 */
export function spawnGuarded(executable: string, args: readonly string[], folder = ''): GuardedProcess {
  const windows = process.platform === 'win32';
  const child = windows
    ? spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    : // A session of its own: Ctrl-C reaches us first, and the program still serves while we stop what uses it.
      spawn('/bin/sh', ['-c', GUARD_SCRIPT, folder, executable, ...args], {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        detached: true,
      });
  const lifeline = windows ? undefined : (child.stdio[3] as Writable);
  lifeline?.on('error', () => {});
  if (windows) {
    process.once('exit', () => {
      child.kill('SIGKILL');
      remove(folder);
    });
  }
  return guard(child, lifeline, folder);
}

/** For where no shell does it. Windows lets go of a file some time after the process that held it has ended. */
function remove(folder: string): void {
  if (folder === '') return;
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  } catch {
    // It stays in the folder for temporary files.
  }
}

function guard(child: ChildProcess, lifeline: Writable | undefined, folder: string): GuardedProcess {
  let running = true;
  let lastErrors = '';
  const end = () => (lifeline ? lifeline.end() : child.kill('SIGKILL'));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastErrors = (lastErrors + text).slice(-2000);
  });
  child.stderr?.once('end', end);
  const ended = new Promise<void>((resolve) => {
    const settle = () => {
      running = false;
      remove(folder);
      resolve();
    };
    child.once('exit', settle);
    child.once('error', (error) => {
      lastErrors = error.message;
      settle();
    });
  });
  child.unref();
  for (const stream of [child.stderr, lifeline]) (stream as { unref?(): void } | null | undefined)?.unref?.();

  return {
    get running() {
      return running;
    },
    get lastErrors() {
      return lastErrors.trim();
    },
    ended,
    async kill() {
      if (!running) return;
      child.ref();
      end();
      await ended;
    },
  };
}
