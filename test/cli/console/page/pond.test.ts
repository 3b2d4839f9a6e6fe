import { expect, test } from 'vitest';
import {
  drawnWidth,
  HIGH_WATER_LEVEL,
  isFlowing,
  pondLevel,
  pondState,
  streamWidth,
} from '../../../../cli/console/page/pure/pond.ts';

test('a pond is as full as its backlog against high water, and a backlog above it is still to be seen', () => {
  expect(pondLevel(0, 50_000)).toBe(0);
  expect(pondLevel(50_000, 50_000)).toBeCloseTo(HIGH_WATER_LEVEL);
  expect(pondLevel(25_000, 50_000)).toBeCloseTo(HIGH_WATER_LEVEL / 2);
  expect(pondLevel(60_000, 50_000)).toBeGreaterThan(HIGH_WATER_LEVEL);
  expect(pondLevel(9_999_999, 50_000)).toBe(1);
});

test('one message is visible in any pond', () => {
  expect(pondLevel(1, 50_000)).toBeGreaterThan(0.03);
  expect(pondLevel(1, null)).toBeGreaterThan(0.03);
});

test('without high water the level is logarithmic: a thousand messages fill half of a pond for a million', () => {
  expect(pondLevel(1_000, null)).toBeCloseTo(0.5, 2);
  expect(pondLevel(1_000_000, null)).toBeCloseTo(1);
});

test('a pond is over its high water from the backlog on at which the owner refuses writes', () => {
  expect([0, 1, 25_000, 49_999, 50_000].map((backlog) => pondState(backlog, 50_000))).toEqual([
    'empty',
    'normal',
    'high',
    'high',
    'over',
  ]);
  expect(pondState(9_999_999, null)).toBe('normal');
});

test('a stream is wider the more flows, and has a greatest width', () => {
  const widths = [null, 0, 1, 10, 100, 1_000, 1e9].map(streamWidth);
  expect(widths.slice(0, 2)).toEqual([1, 1]);
  expect([...widths].sort((a, b) => a - b)).toEqual(widths);
  expect(widths.at(-1)).toBe(14);
  expect(drawnWidth(38.2)).toBe(drawnWidth(38.4));
});

test('heartbeats alone do not move a stream', () => {
  expect([null, 0, 0.05, 0.19, 0.2].map(isFlowing)).toEqual([false, false, false, false, true]);
});
