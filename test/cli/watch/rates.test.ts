import { describe, expect, test } from 'vitest';
import { liveRates, withSample } from '../../../cli/watch/rates.ts';

/** Events that ended, by the second that they ended in. */
function settled(...counts: number[]) {
  return counts.map((value, second) => ({ atMs: second * 1000, value }));
}

describe('live rates', () => {
  test('take consumption from what was settled and production from how the backlog changed', () => {
    const backlogs = [
      { backlog: 100, atMs: 0 },
      { backlog: 140, atMs: 2_000 },
    ];
    expect(liveRates(backlogs, settled(10, 20), 1)).toEqual({ consumptionRate: 15, productionRate: 35 });
  });

  test('count of a second that the window begins in only its part', () => {
    const backlogs = [
      { backlog: 0, atMs: 500 },
      { backlog: 0, atMs: 2_000 },
    ];
    expect(liveRates(backlogs, settled(10, 10), 1)).toEqual({ consumptionRate: 10, productionRate: 10 });
  });

  test('count of a second that is not over all that it has so far', () => {
    const backlogs = [
      { backlog: 0, atMs: 0 },
      { backlog: 0, atMs: 1_500 },
    ];
    expect(liveRates(backlogs, settled(10, 5), 1)).toEqual({ consumptionRate: 10, productionRate: 10 });
  });

  test('are not known from one look', () => {
    expect(liveRates([{ backlog: 3, atMs: 0 }], settled(1), 1)).toBeUndefined();
  });

  test('are of the window, from the newest look before it on', () => {
    const looks = [0, 1_000, 2_000, 3_000, 4_000].map((atMs) => ({ backlog: 1, atMs }));
    const kept = looks.reduce<ReturnType<typeof withSample>>((before, look) => withSample(before, look, 2_500), []);
    expect(kept.map(({ atMs }) => atMs)).toEqual([1_000, 2_000, 3_000, 4_000]);
  });
});
