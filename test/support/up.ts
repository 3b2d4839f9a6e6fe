import { once } from 'node:events';
import { expect, vi } from 'vitest';
import { freshet } from './command-line.ts';

/** `freshet up` in a process of its own. */
export interface Up {
  /** What it has printed so far, standard error included. */
  output(): string;
  /** Sends the signal, unless the process has ended, and waits for its end. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<void>;
}

/** Starts `freshet up` without the app's story. @param timeout milliseconds until the cloud must run */
export async function startUp(args: readonly string[], folder: string, timeout: number): Promise<Up> {
  const child = freshet(['up', '--no-story', ...args], folder);
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  const end = async (signal: 'SIGINT' | 'SIGKILL') => {
    child.kill(signal);
    await exited;
  };
  const runs = () => {
    if (child.exitCode !== null) throw new Error(`up ended: ${output}`);
    expect(output).toContain('Ctrl-C stops it');
  };
  try {
    await vi.waitFor(runs, { timeout, interval: 100 });
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  return { output: () => output, end };
}
