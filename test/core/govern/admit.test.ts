import { describe, expect, test } from 'vitest';
import {
  admission,
  askAgainMs,
  BackpressureError,
  leaseMs,
  leaseTokens,
  withJitter,
} from '../../../core/govern/admit.ts';
import type { FlowDecision } from '../../../core/govern/decide.ts';

const AT_MS = 1_000_000;
const REFUSING: FlowDecision = {
  state: 'refusing',
  levels: {},
  missing: [],
  retryAfterSeconds: 30,
  cause: { cache: 'shop', backlog: 61_000, drainSeconds: 240.2 },
  decidedAtMs: AT_MS,
  validUntilMs: AT_MS + 180_000,
};
const PACED: FlowDecision = { ...REFUSING, state: 'paced', pacePerSecond: 20 };

describe('admission', () => {
  test('a write is free without a decision, in the state normal, and after the decision has expired', () => {
    expect(admission(undefined, AT_MS)).toEqual({ kind: 'free' });
    expect(admission({ ...REFUSING, state: 'normal' }, AT_MS)).toEqual({ kind: 'free' });
    expect(admission(REFUSING, AT_MS + 179_999).kind).toBe('refused');
    expect(admission(REFUSING, AT_MS + 180_000)).toEqual({ kind: 'free' });
  });

  test('a refused write may retry after the rest of retry-after, and after at least a second', () => {
    expect(admission(REFUSING, AT_MS)).toEqual({ kind: 'refused', retryAfterSeconds: 30 });
    expect(admission(REFUSING, AT_MS + 20_000)).toEqual({ kind: 'refused', retryAfterSeconds: 10 });
    // The governor's clock is ahead.
    expect(admission(REFUSING, AT_MS - 5_000)).toEqual({ kind: 'refused', retryAfterSeconds: 30 });
    expect(admission(REFUSING, AT_MS + 90_000)).toEqual({ kind: 'refused', retryAfterSeconds: 1 });
  });

  test('a write needs a token while writes are paced by a valid decision with a pace', () => {
    expect(admission(PACED, AT_MS)).toEqual({ kind: 'paced', pacePerSecond: 20 });
    expect(admission(PACED, AT_MS + 180_000)).toEqual({ kind: 'free' });
    expect(admission({ ...REFUSING, state: 'paced' }, AT_MS)).toEqual({ kind: 'free' });
  });
});

describe('a lease', () => {
  test('leases grow from one token by doubling, up to a quarter of a second of the pace', () => {
    const sizes: number[] = [];
    for (let last: number | undefined, index = 0; index < 7; index += 1) {
      last = leaseTokens(last, 100);
      sizes.push(last);
    }
    expect(sizes).toEqual([1, 2, 4, 8, 16, 25, 25]);
    expect(leaseTokens(undefined, 0.5)).toBe(1);
    expect(leaseTokens(1, 2)).toBe(1);
  });

  test('a lease takes as much time of the bucket as its tokens take at the pace', () => {
    expect(leaseMs(5, 20)).toBe(250);
  });

  test('a writer asks for a lease the later the more requests have failed', () => {
    expect(askAgainMs(7_000, 1, 1)).toBe(7_050);
    expect(askAgainMs(7_000, 3, 1)).toBe(7_200);
    expect(askAgainMs(7_000, 30, 1)).toBe(12_000);
    expect(askAgainMs(7_000, 30, 0)).toBe(7_000);
  });
});

test('jitter makes a wait up to half longer and never shorter', () => {
  expect(withJitter(1_000, 0)).toBe(1_000);
  expect(withJitter(1_000, 1)).toBe(1_500);
});

describe('BackpressureError', () => {
  const entity = { type: 'Country', id: 'CH' };

  test('a BackpressureError says what was not written, why, until when, and what to do', () => {
    const error = new BackpressureError(entity, REFUSING, 29.2, 12_400);
    expect(error.message).toBe(
      'backpressure: Country/CH was not written after waiting 12 s: cache shop lags by 61000 events ' +
        '(drained in 241 s), so writes are refused. Try again in 30 s, or allow a longer wait.',
    );
    expect(error).toMatchObject({ code: 'Backpressure', entity, cache: 'shop', backlog: 61_000, drainSeconds: 240.2 });
    expect(error.retryAfterSeconds).toBe(30);
  });

  test('a BackpressureError says that there is no end in sight, and that writes are only slowed', () => {
    const cause = { cache: 'shop', backlog: 700, drainSeconds: null };
    const error = new BackpressureError(entity, { ...PACED, cause }, 0.4, 0);
    expect(error.message).toContain(
      'was not written: cache shop lags by 700 events (no end in sight), so writes are slowed',
    );
    expect(error.drainSeconds).toBeUndefined();
  });

  test('a BackpressureError names no cache if the decision names none', () => {
    const { cause: _, ...nameless } = REFUSING;
    const error = new BackpressureError(entity, nameless, 5, 0);
    expect(error.message).toContain('was not written: a cache lags (no end in sight), so writes are refused');
    expect([error.cache, error.backlog, error.drainSeconds]).toEqual([undefined, undefined, undefined]);
  });
});
