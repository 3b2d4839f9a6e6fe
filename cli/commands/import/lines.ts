import { createCollector } from './collector.ts';

/** A line of an input, without its line feed. `bytes` is undefined if the line was longer than allowed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

const NEWLINE = 10;

/** Splits bytes into lines. It keeps at most one line in memory, and skips the bytes of a line that is too long. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<Line> {
  const line = createCollector(maxLineBytes);
  let number = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      line.add(chunk.subarray(from, at));
      number += 1;
      yield { number, bytes: line.take() };
      from = at + 1;
    }
    line.add(chunk.subarray(from));
  }
  if (!line.isEmpty()) yield { number: number + 1, bytes: line.take() };
}
