import type { Reporter } from 'freshet-local/internal/story';
import type { Output } from '../io.ts';

/** A reporter that prints on a stream. The time of a step is the time since the previous step. */
export function terminalReporter(stream: Output): Reporter {
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
