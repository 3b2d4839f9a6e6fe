import { describe, expect, test } from 'vitest';
import { drainSeconds, ratesOf, streamBacklog, utilisation } from '../../../core/govern/measure.ts';

describe('the drain time', () => {
  test.each<[string, number, number, number, number]>([
    ['the backlog divided by consumption minus production', 300, 10, 40, 10],
    ['0 for no backlog, at any rates', 0, 40, 10, 0],
    ['infinite if production equals consumption', 300, 10, 10, Number.POSITIVE_INFINITY],
    ['infinite if production is above consumption', 300, 11, 10, Number.POSITIVE_INFINITY],
    ['0 for a negative backlog, which an approximate count can give', -3, 10, 40, 0],
    ['infinite if nothing is consumed', 300, 0, 0, Number.POSITIVE_INFINITY],
  ])('the drain time is %s', (_, backlog, productionRate, consumptionRate, seconds) => {
    expect(drainSeconds(backlog, { productionRate, consumptionRate })).toBe(seconds);
  });

  test('the drain time is infinite if the rates differ only by rounding', () => {
    const rates = ratesOf((59.7 / 3) * 1.003, [777, 777], 1.003);
    expect(drainSeconds(777, rates)).toBe(Number.POSITIVE_INFINITY);
  });
});

test('utilisation is production divided by consumption, and undefined if nothing is consumed', () => {
  expect(utilisation({ productionRate: 15, consumptionRate: 10 })).toBe(1.5);
  expect(utilisation({ productionRate: 15, consumptionRate: 0 })).toBeUndefined();
  expect(utilisation({ productionRate: 0, consumptionRate: 10 })).toBe(0);
});

test('production is consumption plus the growth of the backlog, and never negative', () => {
  expect(ratesOf(100, [50, 110], 10)).toEqual({ productionRate: 16, consumptionRate: 10 });
  expect(ratesOf(100, [110, 50], 10)).toEqual({ productionRate: 4, consumptionRate: 10 });
  expect(ratesOf(0, [110, 50], 10)).toEqual({ productionRate: 0, consumptionRate: 0 });
});

describe('the stream backlog', () => {
  const progress = { delayMs: 2_000, atMs: 1_000_000, rate: 50 };

  test('the stream backlog is the delay times the rate while the relay keeps up', () => {
    expect(streamBacklog(progress, 1_100_000, 120_000)).toEqual({ ageSeconds: 2, records: 100, rate: 50 });
  });

  test('the stream backlog grows with the silence of a relay', () => {
    expect(streamBacklog(progress, 1_200_000, 120_000)).toEqual({ ageSeconds: 202, records: 10_100, rate: 50 });
  });

  test('the stream backlog ignores a silence that is not too long', () => {
    expect(streamBacklog(progress, 1_120_000, 120_000)).toEqual({ ageSeconds: 2, records: 100, rate: 50 });
    expect(streamBacklog(progress, 1_120_001, 120_000).ageSeconds).toBeCloseTo(122.001);
  });

  test("the stream backlog is the delay times the rate if the relay's clock is ahead", () => {
    expect(streamBacklog(progress, 900_000, 120_000)).toEqual({ ageSeconds: 2, records: 100, rate: 50 });
  });

  test('the stream backlog has an age but no records if no records arrived', () => {
    expect(streamBacklog({ ...progress, rate: 0 }, 1_200_000, 120_000)).toEqual({
      ageSeconds: 202,
      records: 0,
      rate: 0,
    });
  });

  test('the stream backlog is 0 if the relay has no metrics', () => {
    expect(streamBacklog(undefined, 1_000_000, 120_000)).toEqual({ ageSeconds: 0, records: 0, rate: 0 });
  });
});
