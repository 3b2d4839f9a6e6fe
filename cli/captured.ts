import { Readable, Writable } from 'node:stream';
import type { CapturedRun, CommandIo } from './io.ts';

/** The streams of a command without a terminal. */
type Streams = Pick<CommandIo, 'stdin' | 'stdout' | 'stderr'>;

/**
 * Runs a command on streams in memory.
 *
 * @param stdin the text on standard input
 * @param run runs the command and returns its exit code
 */
export async function captured(
  stdin: string | undefined,
  run: (streams: Streams) => Promise<number>,
): Promise<CapturedRun> {
  const [stdout, stderr] = [sink(), sink()];
  const input = Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)], { objectMode: false });
  const exitCode = await run({ stdin: input, stdout: stdout.stream, stderr: stderr.stream });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

/** A stream that keeps what is written to it. */
export function sink(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}
