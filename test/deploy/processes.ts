import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** How to run a command. */
export interface RunOptions {
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** The file to which the output is appended. Default: the output of this process. */
  readonly log?: string;
  /** Default: the folder of this process. */
  readonly cwd?: string;
}

/** How long a process may take to end after SIGTERM. */
const GRACE_MS = 10_000;

/** The ids of the running process groups. */
const running = new Set<number>();

/** Kills every running process that `start` started. */
export function killAll(): void {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
}

/** Starts a command in its own process group. Ctrl-C then reaches only this process, which ends its children itself. */
export function start(command: string, args: readonly string[], { env, log, cwd }: RunOptions): ChildProcess {
  const output = log === undefined ? 'inherit' : openSync(log, 'a');
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', output, output] });
  if (typeof output === 'number') closeSync(output);
  const { pid } = child;
  if (pid !== undefined) {
    running.add(pid);
    child.once('exit', () => running.delete(pid));
  }
  return child;
}

/** Ends a process and its children, and waits for that. @param graceMs after this time, the process is killed */
export async function end(child: ChildProcess, graceMs = GRACE_MS): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
  // Kills children that the process didn't end.
  signalGroup(pid, 'SIGKILL');
}

/**
 * Runs a command to its end and returns its exit code.
 *
 * @throws if the command can't be started, takes longer than `timeoutMs`, or is stopped by `signal`. It then has ended.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions & {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    /** See `end`. */
    readonly graceMs?: number | undefined;
  },
): Promise<number> {
  options.signal.throwIfAborted();
  const stop = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  const child = start(command, args, options);
  const stopped = new Promise<never>((_, reject) =>
    stop.addEventListener('abort', () => reject(stop.reason), { once: true }),
  );
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => resolve(code ?? 1));
  });
  try {
    return await Promise.race([exited, stopped]);
  } finally {
    await end(child, options.graceMs);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // No process of the group is left.
  }
}
