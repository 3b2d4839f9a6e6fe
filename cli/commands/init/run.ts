import { spawn } from 'node:child_process';
import type { CommandIo } from '../../io.ts';

/** Runs a command in the folder of the app. Returns its exit code; null if the signal ended it. */
export function run(
  io: CommandIo,
  [name = '', ...args]: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    // With the terminal itself, the command shows its progress.
    const stdio = io.stdout === process.stdout ? 'inherit' : 'pipe';
    // npm passes its own `--package` on. The `npx` of a command would take it for its own.
    const { npm_config_package: _, ...env } = io.env;
    // On Windows, npm and npx are scripts, which only a shell runs. The arguments are constants.
    const shell = process.platform === 'win32';
    const child = spawn(name, args, {
      shell,
      cwd: io.cwd,
      env,
      signal,
      stdio: ['ignore', stdio, stdio],
    });
    child.stdout?.on('data', (part: Buffer) => io.stdout.write(part));
    child.stderr?.on('data', (part: Buffer) => io.stderr.write(part));
    child.once('error', (error) => (signal.aborted ? resolve(null) : reject(error)));
    child.once('close', resolve);
  });
}
