import { describe, expect, test } from 'vitest';
import { liveRates, withSample } from '../../../cli/observe/rates.ts';

/** Events that ended in each second. */
function settled(...counts: number[]) {
  return counts.map((value, second) => ({ atMs: second * 1000, value }));
}

describe('live rates', () => {
  test('consumption is the rate of settled events, and production adds the growth of the backlog', () => {
    const backlogs = [
      { backlog: 100, atMs: 0 },
      { backlog: 140, atMs: 2_000 },
    ];
    expect(liveRates(backlogs, settled(10, 20), 1)).toEqual({ consumptionRate: 15, productionRate: 35 });
  });

  test('the second in which the window begins counts in part', () => {
    const backlogs = [
      { backlog: 0, atMs: 500 },
      { backlog: 0, atMs: 2_000 },
    ];
    expect(liveRates(backlogs, settled(10, 10), 1)).toEqual({ consumptionRate: 10, productionRate: 10 });
  });

  test('a second that has not ended counts in full', () => {
    const backlogs = [
      { backlog: 0, atMs: 0 },
      { backlog: 0, atMs: 1_500 },
    ];
    expect(liveRates(backlogs, settled(10, 5), 1)).toEqual({ consumptionRate: 10, productionRate: 10 });
  });

  test('rates are unknown after a single look', () => {
    expect(liveRates([{ backlog: 3, atMs: 0 }], settled(1), 1)).toBeUndefined();
  });

  test('the looks of the window and the newest look before it are kept', () => {
    const looks = [0, 1_000, 2_000, 3_000, 4_000].map((atMs) => ({ backlog: 1, atMs }));
    const kept = looks.reduce<ReturnType<typeof withSample>>((before, look) => withSample(before, look, 2_500), []);
    expect(kept.map(({ atMs }) => atMs)).toEqual([1_000, 2_000, 3_000, 4_000]);
  });
});
