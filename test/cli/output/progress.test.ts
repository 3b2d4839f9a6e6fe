import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Output } from '../../../cli/io.ts';
import { figuresOf, progressBar } from '../../../cli/output/progress.ts';

/** A clock that the test moves, in milliseconds. */
function clock() {
  let at = 0;
  return { now: () => at, pass: (ms: number) => (at += ms) };
}

/** A terminal that keeps what is written to it. */
function terminal() {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return { stderr: Object.assign(stream, { isTTY: true, columns: 120 }) as unknown as Output, text: () => text };
}

describe('the figures of a progress', () => {
  test('the rate is that of the last ten seconds, and the time left follows the part that is done', () => {
    const { now, pass } = clock();
    const figures = figuresOf('rows', 1_000, now);
    expect(figures(0, 0, '')).toBe('0 rows');
    let done = 0;
    const go = (seconds: number, perSecond: number) => {
      for (let n = 0; n < seconds * 2; n += 1) {
        pass(500);
        done += perSecond / 2;
        figures(done, done * 10, '');
      }
      return figures(done, done * 10, '3 rejected');
    };
    expect(go(1, 10)).toBe('100 rows | 100/s | 3 rejected');
    expect(go(9, 10)).toBe('1,000 rows | 100/s | about 1m left | 3 rejected');
    expect(go(20, 40)).toBe('9,000 rows | 400/s | about 3s left | 3 rejected');
    expect(go(5, 40)).toBe('11,000 rows | 400/s | 3 rejected');
  });

  test('a pause lowers the rate to zero and leaves the time out, and nothing is ever negative or unknown', () => {
    const { now, pass } = clock();
    const figures = figuresOf('rows', 100, now);
    const seen = [figures(0, 0, '')];
    for (const [done, count] of [
      [10, 10],
      [10, 10],
      [0, 0],
      [200, 5],
      [100, 100],
    ] as const) {
      for (let n = 0; n < 40; n += 1) {
        pass(500);
        seen.push(figures(done, count, ''));
      }
    }
    expect(seen).toContain('10 rows | 0/s');
    expect(seen.join('\n')).not.toMatch(/NaN|NF|LL|Infinity|undefined|-\d/);
  });
});

describe('a progress on a terminal', () => {
  test.each<[string, number | undefined]>([
    ['an unknown total', undefined],
    ['a total of zero', 0],
    ['a total', 10],
  ])('with %s shows count and rate, and no placeholder', (_, total) => {
    const { stderr, text } = terminal();
    const { now, pass } = clock();
    const show = progressBar({ stderr }, total, 'rows', now);
    pass(3_000);
    show.update(5, 5, 'more');
    show.end();
    expect(text()).toContain('0 rows');
    expect(text()).not.toMatch(/NaN|NF|LL|Infinity|undefined|\{/);
    if (total === undefined) expect(text()).not.toContain('%');
  });
});
