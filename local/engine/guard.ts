import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** A child process that doesn't outlive this process. */
export interface GuardedProcess {
  /** True until the process has ended. */
  readonly running: boolean;
  /** The end of its stderr (at most 2,000 characters), for error messages. */
  readonly lastErrors: string;
  /** Resolves when the process has ended (or could not be started) and its folder is removed. */
  readonly ended: Promise<void>;
  /** Ends the process at once with SIGKILL. Nothing needs to be saved, because its data is for this run only. */
  kill(): Promise<void>;
}

/**
 * A shell script that runs the program and then reads from file descriptor 3, a pipe that only this Node process holds
 * open. The read ends when Node closes the pipe or dies, even by SIGKILL, and then the script kills the program. The
 * script closes its own stderr, so the end of stderr tells Node that the program has ended. `$0` is the folder to
 * remove at the end.
 */
const GUARD_SCRIPT =
  '"$@" 3<&- & program=$!; exec 2>/dev/null; read -r _ <&3; kill -9 $program; wait; [ -z "$0" ] || rm -rf -- "$0"';

/**
 * Starts a program that must not outlive this process. On Linux and macOS this holds even if this process is killed
 * with SIGKILL. On Windows, which lacks the shell, it holds only if this process exits normally.
 * @param folder the folder with the program's data, removed when the program has ended. @default - nothing is removed
 */
export function spawnGuarded(executable: string, args: readonly string[], folder = ''): GuardedProcess {
  const windows = process.platform === 'win32';
  const child = windows
    ? spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    : // In a session of its own, the program doesn't get Ctrl-C, so it serves until its clients have stopped.
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

/**
 * Removes the folder on Windows, where no shell script does it. It retries, because Windows releases a file some time
 * after the file's process has ended.
 */
function remove(folder: string): void {
  if (folder === '') return;
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  } catch {
    // If it can't be removed, the folder stays among the temporary files.
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
