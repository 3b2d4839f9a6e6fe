import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CommandIo } from '../../../cli/io.ts';
import { startSpinner } from '../../../cli/output/spinner.ts';

const CLEAR = '\r\u001b[2K';

/** A terminal, or a pipe, that keeps what is written. */
function output(isTTY: boolean, columns = 60) {
  const written: string[] = [];
  const stream = { isTTY, columns, write: (chunk: string) => written.push(chunk) > 0 };
  return { written, stream: stream as unknown as CommandIo['stdout'] };
}

function started(
  given: {
    tty?: boolean;
    columns?: number;
    pipe?: boolean;
    env?: CommandIo['env'];
    json?: boolean;
    again?: boolean;
  } = {},
) {
  const { tty = true, columns, pipe = false, env = {}, ...options } = given;
  const [out, err, signals] = [output(tty && !pipe), output(tty, columns), new EventEmitter()];
  const kills: string[] = [];
  const kill = (signal: string) => kills.push(signal);
  const io = { stdout: out.stream, stderr: err.stream, env };
  const write = out.stream.write;
  const spinner = startSpinner(io, 'synthesising the CDK app', { ...options, process: { signals, kill } });
  return { spinner, out, err, signals, kills, isRestored: () => out.stream.write === write };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the spinner', () => {
  test('a command that is silent for a second shows on a terminal what it does and for how long', () => {
    const { err, spinner } = started();
    vi.advanceTimersByTime(1_000);
    expect(err.written.at(-1)).toContain(CLEAR);
    expect(err.written.at(-1)).toMatch(/ synthesising the CDK app… 1 s$/);
    vi.advanceTimersByTime(11_000);
    expect(err.written.at(-1)).toContain('… 12 s');
    spinner.stop();
    expect(err.written.at(-1)).toBe(CLEAR);
  });

  test('a command that ends at once shows no spinner', () => {
    const { err, spinner, isRestored } = started();
    vi.advanceTimersByTime(300);
    spinner.stop();
    vi.advanceTimersByTime(5_000);
    expect(err.written).toEqual([]);
    expect(isRestored()).toBe(true);
  });

  test.each([
    ['on a pipe', { tty: false }],
    ['if only standard output is a pipe', { pipe: true }],
    ['with --json', { json: true }],
    ['in CI', { env: { CI: 'true' } }],
    ['on a terminal that knows no escape codes', { env: { TERM: 'dumb' } }],
  ])('nothing of the spinner is written %s', (_, given) => {
    const { out, err } = started(given);
    vi.advanceTimersByTime(10_000);
    expect([...out.written, ...err.written]).toEqual([]);
  });

  test('the first line of the command clears the spinner and ends it', () => {
    const { out, err, isRestored } = started();
    vi.advanceTimersByTime(2_000);
    out.stream.write('result\n');
    expect([err.written.at(-1), out.written]).toEqual([CLEAR, ['result\n']]);
    const before = err.written.length;
    vi.advanceTimersByTime(10_000);
    expect(err.written).toHaveLength(before);
    expect(isRestored()).toBe(true);
  });

  test('a spinner of a step appears again after a line and a silent second, but not below a line that is not ended', () => {
    const { err, spinner } = started({ again: true });
    vi.advanceTimersByTime(2_000);
    err.stream.write('step\n');
    vi.advanceTimersByTime(1_500);
    expect(err.written.at(-1)).toContain('… 3 s');
    err.stream.write('really? ');
    vi.advanceTimersByTime(10_000);
    expect(err.written.at(-1)).toBe('really? ');
    spinner.stop();
  });

  test('Ctrl-C clears the line, and ends the process only if nothing else handles it', () => {
    const alone = started();
    vi.advanceTimersByTime(2_000);
    alone.signals.emit('SIGINT', 'SIGINT');
    expect([alone.err.written.at(-1), alone.kills]).toEqual([CLEAR, ['SIGINT']]);
    expect(alone.signals.listenerCount('SIGINT')).toBe(0);

    const handled = started();
    handled.signals.on('SIGINT', () => undefined);
    vi.advanceTimersByTime(2_000);
    handled.signals.emit('SIGINT', 'SIGINT');
    expect([handled.err.written.at(-1), handled.kills]).toEqual([CLEAR, []]);
  });

  test('the whole text is shown on a terminal that does not know its width', () => {
    const { err, spinner } = started({ columns: 0 });
    vi.advanceTimersByTime(2_000);
    expect(err.written.at(-1)).toContain('synthesising the CDK app… 2 s');
    spinner.stop();
  });

  test('the spinner never hides the cursor, and its line fits the terminal', () => {
    const { err, spinner } = started();
    vi.advanceTimersByTime(60_000);
    spinner.stop();
    expect(err.written.join('')).not.toContain('\u001b[?25l');
    for (const one of err.written) expect([...one.replace(CLEAR, '')].length).toBeLessThan(60);
  });
});
