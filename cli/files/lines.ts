import { createCollector } from './collector.ts';
import type { Measure } from './text.ts';

/** A line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Where the line begins in the file, from 0. */
  readonly byte: number;
  /** UTF-8 without the line end; undefined if the line is longer than allowed. */
  readonly bytes: Uint8Array | undefined;
  /** `\n`, `\r\n` or `\r`; empty at the end of the file. */
  readonly end: string;
  /** The line has no end, because the file can't be read further. */
  readonly isCut?: true;
}

/** Splits UTF-8 into lines. It keeps at most one line in memory, and skips the bytes of a line that is too long. */
export interface LineSplitter {
  push(chunk: Uint8Array): Line[];
  /** @param isCut the file can't be read further */
  end(isCut: boolean): Line[];
}

const [LINE_FEED, CARRIAGE_RETURN] = [10, 13];

export function createLineSplitter(maxLineBytes: number, { start, lengthOf }: Measure): LineSplitter {
  const line = createCollector(maxLineBytes);
  const endBytes = lengthOf(Buffer.from('\n'));
  let number = 1;
  let byte = start;
  /** The length of the current line in the file. */
  let length = 0;
  /** Whether the current line ends with a carriage return that a line feed may follow. */
  let afterReturn = false;

  const add = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    line.add(bytes);
    length += lengthOf(bytes);
  };
  const take = (end: string): Line => {
    const taken = { number, byte, bytes: line.take(), end };
    number += 1;
    byte += length + end.length * endBytes;
    length = 0;
    afterReturn = false;
    return taken;
  };

  return {
    push(chunk) {
      const lines: Line[] = [];
      let from = 0;
      if (afterReturn && chunk.length > 0) {
        from = chunk[0] === LINE_FEED ? 1 : 0;
        lines.push(take(from === 1 ? '\r\n' : '\r'));
      }
      let feed = chunk.indexOf(LINE_FEED, from);
      let back = chunk.indexOf(CARRIAGE_RETURN, from);
      while (feed !== -1 || back !== -1) {
        const isFeed = back === -1 || (feed !== -1 && feed < back);
        const at = isFeed ? feed : back;
        add(chunk.subarray(from, at));
        from = at + 1;
        if (isFeed) lines.push(take('\n'));
        else if (from === chunk.length) afterReturn = true;
        else if (chunk[from] === LINE_FEED) {
          from += 1;
          lines.push(take('\r\n'));
        } else lines.push(take('\r'));
        if (feed !== -1 && feed < from) feed = chunk.indexOf(LINE_FEED, from);
        if (back !== -1 && back < from) back = chunk.indexOf(CARRIAGE_RETURN, from);
      }
      add(chunk.subarray(from));
      return lines;
    },
    end(isCut) {
      if (afterReturn) return [take('\r')];
      if (line.isEmpty()) return [];
      return [isCut ? { ...take(''), isCut } : take('')];
    },
  };
}
