import { expect, test } from 'vitest';
import {
  drainWords,
  dueWords,
  exitWords,
  plural,
  rate,
  size,
  span,
  stalenessWords,
} from '../../../../cli/console/page/pure/words.ts';

const queue = { backlog: 1_000, productionRate: 5, consumptionRate: 9, drainSeconds: 240 };

test('a span of time is written in the unit that reads best', () => {
  expect([0, 42, 999.6, 1_400, 9_000, 45_000, 240_000, 18_000_000, 259_200_000].map(span)).toEqual([
    '0 ms',
    '42 ms',
    '1 s',
    '1.4 s',
    '9 s',
    '45 s',
    '4 min',
    '5 h',
    '3 d',
  ]);
  expect(span(null)).toBe('not known');
});

test('no span is written as 60 of a unit', () => {
  for (let ms = 0; ms < 4_000_000; ms += 2_499) expect(span(ms)).not.toMatch(/^(1000 ms|10\.0 s|60 s|60 min)$/);
});

test('a rate that is not known differs from a rate of zero', () => {
  expect([null, 0, 0.01, 0.3, 9.97, 1_200].map(rate)).toEqual(['?/s', '0/s', '<0.1/s', '0.3/s', '10/s', '1,200/s']);
});

test('the drain time says whether a queue is empty, drains, does not drain, or is not known', () => {
  expect(drainWords(queue)).toBe('drains in 4 min');
  expect(drainWords({ ...queue, backlog: 0 })).toBe('empty');
  expect(drainWords({ ...queue, drainSeconds: null })).toBe("doesn't drain");
  expect(drainWords({ ...queue, drainSeconds: null, productionRate: null })).toBe('drain time not known');
  expect(drainWords({ ...queue, drainSeconds: 0.2 })).toBe('drains at once');
});

test('staleness is an upper bound, so it is rounded up', () => {
  expect(stalenessWords(8.2)).toBe('at most 9 s stale');
  expect(stalenessWords(null)).toBe('staleness not known');
});

test('an instance is overdue as soon as its time has passed', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  expect(dueWords('2026-01-01T12:04:00Z', now)).toBe('due in 4 min');
  expect(dueWords('2026-01-01T10:00:00Z', now)).toBe('overdue by 2 h');
});

test('counts, sizes and exit codes are words', () => {
  expect([plural(1, 'event'), plural(2_000, 'event'), plural(2, 'entity', 'entities')]).toEqual([
    '1 event',
    '2,000 events',
    '2 entities',
  ]);
  expect([size(812), size(250_000), size(1_200_000)]).toEqual(['812 bytes', '250 KB', '1.2 MB']);
  expect(exitWords(75)).toMatch(/a cache lags/);
  expect(exitWords(9)).toBe('ended with exit code 9');
});
