import { expect, test } from 'vitest';
import { isUsedUp, MAX_POSTPONE_SECONDS, postponeSeconds } from '../../core/retries.ts';

test('the time that a failing group is hidden doubles with each attempt, up to five minutes', () => {
  expect([1, 2, 3, 4, 9].map(postponeSeconds)).toEqual([1, 2, 4, 8, 256]);
  expect([10, 100, 200].map(postponeSeconds)).toEqual(Array(3).fill(MAX_POSTPONE_SECONDS));
});

test('a thousand attempts take longer than a queue keeps a message, so that no message becomes a dead letter', () => {
  let seconds = 0;
  for (let receives = 1; receives < 1_000; receives += 1) seconds += postponeSeconds(receives);
  expect(seconds).toBeGreaterThan(14 * 86_400);
  expect(postponeSeconds(1_000)).toBeLessThanOrEqual(12 * 3_600);
});

test('a message that waited behind an old backlog has its full budget from its first receive', () => {
  const limits = { attempts: 3, ageSeconds: 60 };
  const attempts = { receiveCount: 3, firstReceivedAtMs: 1_000_000 };
  expect(isUsedUp(attempts, limits, 1_059_999)).toBe(false);
  expect(isUsedUp(attempts, limits, 1_060_000)).toBe(true);
});
