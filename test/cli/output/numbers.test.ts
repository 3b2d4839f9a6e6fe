import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atMost, exactDuration, perSecond, shortMilliseconds, shortSeconds } from '../../../cli/output/numbers.ts';

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The span of time that a bound names, in milliseconds. */
function spanOf(bound: string): number {
  const [, count, unit] = bound.match(/^at most (\d+) ?(ms|s|m|h|d)$/) ?? [];
  return Number(count) * MS[unit as keyof typeof MS];
}

test.each([
  [0, '0s'],
  [90_000, '90s'],
  [600_000, '10m'],
  [3_600_000, '1h'],
  [172_800_000, '2d'],
])('a duration of %d ms is exactly %s', (milliseconds, text) => {
  expect(exactDuration(milliseconds)).toBe(text);
});

describe('atMost', () => {
  test.each([
    [0, 'at most 0 ms'],
    [0.2, 'at most 1 ms'],
    [9_999.5, 'at most 10000 ms'],
    [10_001, 'at most 11s'],
    [61_000, 'at most 2m'],
    [7_199_999, 'at most 2h'],
    [90_000_000, 'at most 2d'],
  ])('a span of %d ms is %s', (milliseconds, text) => {
    expect(atMost(milliseconds)).toBe(text);
  });

  test('a bound is never below the span', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (milliseconds) => {
        return spanOf(atMost(milliseconds)) >= milliseconds;
      }),
    );
  });
});

describe('perSecond', () => {
  test.each([
    [null, '-'],
    [Number.NaN, '-'],
    [Number.POSITIVE_INFINITY, '-'],
    [0, '0/s'],
    [0.01, '<0.1/s'],
    [0.3, '0.3/s'],
    [1_200, '1,200/s'],
  ])('a rate of %d is %s', (rate, text) => {
    expect(perSecond(rate)).toBe(text);
  });
});

test.each([
  [null, '-'],
  [Number.NaN, '-'],
  [Number.POSITIVE_INFINITY, '-'],
  [Number.NEGATIVE_INFINITY, '-'],
  [0, '0s'],
  [45, '45s'],
  [7_200, '2h'],
])('a span of %d seconds is %s', (seconds, text) => {
  expect(shortSeconds(seconds)).toBe(text);
  const milliseconds = seconds === null ? null : seconds * 1000;
  expect(shortMilliseconds(milliseconds)).toBe(seconds === 0 ? '0 ms' : text);
});
