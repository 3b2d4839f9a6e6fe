import { Readable } from 'node:stream';
import { main } from '../../cli/main.ts';

/** A command that the process is told to run. */
export interface Typed {
  readonly args: readonly string[];
  /** Base 64. */
  readonly input: string;
  /** Ends what it printed, on both streams. */
  readonly end: string;
}

// Runs one command after another as cli/freshet.ts runs one. Only standard input isn't the process's own, which can't end more than once.
process.on('message', async ({ args, input, end }: Typed) => {
  const stdin = Readable.from([Buffer.from(input, 'base64')], { objectMode: false });
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
  process.exitCode = undefined;
  await main(args);
  const { exitCode = 0 } = process;
  process.stdout.write(end);
  process.stderr.write(end);
  process.send?.(exitCode);
});
