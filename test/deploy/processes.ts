import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** How a command is run. */
export interface RunOptions {
  /** Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** File that its output is added to; default: this process's own output. */
  readonly log?: string;
}

/** How long a process may take to end when it is asked to. */
const GRACE_MS = 10_000;

/** Process groups that run. */
const running = new Set<number>();

/** Kills whatever was started here and still runs. */
export function killAll(): void {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
}

/** Starts a command in a process group of its own: a Ctrl-C reaches this process alone, which ends what it started in order. */
export function start(command: string, args: readonly string[], { env, log }: RunOptions): ChildProcess {
  const output = log === undefined ? 'inherit' : openSync(log, 'a');
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', output, output] });
  if (typeof output === 'number') closeSync(output);
  const { pid } = child;
  if (pid !== undefined) {
    running.add(pid);
    child.once('exit', () => running.delete(pid));
  }
  return child;
}

/** Ends a process and what it started in turn, and waits for it. @param graceMs how long it may take; then it is killed */
export async function end(child: ChildProcess, graceMs = GRACE_MS): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
  // What it left behind in its group.
  signalGroup(pid, 'SIGKILL');
}

/**
 * Runs a command to its end and returns its exit code.
 *
 * @throws when it can't be started, takes longer than it may, or the signal comes; then it has ended
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
    // Nobody of the group is left.
  }
}
