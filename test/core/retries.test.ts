import { expect, test } from 'vitest';
import { MAX_POSTPONE_SECONDS, postponeSeconds } from '../../core/retries.ts';

test('the time that a failing group is hidden doubles with each attempt, up to five minutes', () => {
  expect([1, 2, 3, 4, 9].map(postponeSeconds)).toEqual([1, 2, 4, 8, 256]);
  expect([10, 100, 100_000].map(postponeSeconds)).toEqual(Array(3).fill(MAX_POSTPONE_SECONDS));
});
