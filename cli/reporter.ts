/** Tells a person what is going on: one line a step, with what it took; progress in place on a terminal. */
export interface Reporter {
  /** Opens a chapter. */
  heading(text: string): void;
  /** Reports something done. */
  step(text: string): void;
  /** Reports how far long work has come; `step` ends it. */
  progress(text: string, done: number, total: number): void;
  /** Prints text as it is, a table for instance. */
  print(text: string): void;
}

/** Writes to a stream, standard output as a rule. Times are those since the step before. */
export function terminalReporter(stream: NodeJS.WriteStream): Reporter {
  const now = () => performance.now();
  const terminal = stream.isTTY === true;
  let last = now();
  const write = (line: string) => stream.write(`${terminal ? '\r\u001b[2K' : ''}${line}\n`);
  return {
    heading(text) {
      write(`\n${text}`);
    },
    step(text) {
      const taken = Math.round(now() - last);
      last = now();
      write(`  ✓ ${text} (${taken} ms)`);
    },
    progress(text, done, total) {
      if (terminal) stream.write(`\r\u001b[2K  … ${text} ${done}/${total}`);
    },
    print(text) {
      write(text);
    },
  };
}
