import { describe, expect, test } from 'vitest';
import { drainSeconds, ratesOf, streamBacklog, utilisation } from '../../../core/govern/measure.ts';

describe('the drain time', () => {
  test.each<[string, number, number, number, number]>([
    ['backlog by what is consumed beyond production', 300, 10, 40, 10],
    ['nothing for no backlog, whatever comes in', 0, 40, 10, 0],
    ['infinite while as much comes in as goes out', 300, 10, 10, Number.POSITIVE_INFINITY],
    ['infinite while more comes in', 300, 11, 10, Number.POSITIVE_INFINITY],
    ['nothing for a backlog below none, as a count that is only about right can have it', -3, 10, 40, 0],
    ['infinite while nothing goes out', 300, 0, 0, Number.POSITIVE_INFINITY],
  ])('is %s', (_, backlog, productionRate, consumptionRate, seconds) => {
    expect(drainSeconds(backlog, { productionRate, consumptionRate })).toBe(seconds);
  });

  test('is infinite where the rates differ by their rounding only', () => {
    const rates = ratesOf((59.7 / 3) * 1.003, [777, 777], 1.003);
    expect(drainSeconds(777, rates)).toBe(Number.POSITIVE_INFINITY);
  });
});

test('utilisation is production by consumption, and unknown while nothing is consumed', () => {
  expect(utilisation({ productionRate: 15, consumptionRate: 10 })).toBe(1.5);
  expect(utilisation({ productionRate: 15, consumptionRate: 0 })).toBeUndefined();
  expect(utilisation({ productionRate: 0, consumptionRate: 10 })).toBe(0);
});

test('what was produced is what was consumed and what the backlog grew by, and never less than nothing', () => {
  expect(ratesOf(100, [50, 110], 10)).toEqual({ productionRate: 16, consumptionRate: 10 });
  expect(ratesOf(100, [110, 50], 10)).toEqual({ productionRate: 4, consumptionRate: 10 });
  expect(ratesOf(0, [110, 50], 10)).toEqual({ productionRate: 0, consumptionRate: 0 });
});

describe('what waits in the stream', () => {
  const progress = { delayMs: 2_000, atMs: 1_000_000, rate: 50 };

  test('is the delay by the rate while the relay keeps up', () => {
    expect(streamBacklog(progress, 1_100_000, 120_000)).toEqual({ ageSeconds: 2, records: 100, rate: 50 });
  });

  test('grows with the silence of a relay that should have said something', () => {
    expect(streamBacklog(progress, 1_200_000, 120_000)).toEqual({ ageSeconds: 202, records: 10_100, rate: 50 });
  });

  test('does not count a silence that is no longer than it may be', () => {
    expect(streamBacklog(progress, 1_120_000, 120_000)).toEqual({ ageSeconds: 2, records: 100, rate: 50 });
    expect(streamBacklog(progress, 1_120_001, 120_000).ageSeconds).toBeCloseTo(122.001);
  });

  test('is the delay by the rate where the relay spoke by a clock that is ahead', () => {
    expect(streamBacklog(progress, 900_000, 120_000)).toEqual({ ageSeconds: 2, records: 100, rate: 50 });
  });

  test('is old, but nothing, where no record came', () => {
    expect(streamBacklog({ ...progress, rate: 0 }, 1_200_000, 120_000)).toEqual({
      ...{ ageSeconds: 202, records: 0, rate: 0 },
    });
  });

  test('is nothing where the relay never said anything', () => {
    expect(streamBacklog(undefined, 1_000_000, 120_000)).toEqual({ ageSeconds: 0, records: 0, rate: 0 });
  });
});
