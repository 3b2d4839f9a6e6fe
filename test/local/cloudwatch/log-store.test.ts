import { describe, expect, test } from 'vitest';
import { createLogStore } from '../../../local/cloudwatch/log-store.ts';

describe('the store of logged lines', () => {
  test('the lines of each function are kept in their order, with their times', () => {
    let nowMs = 1_000;
    const store = createLogStore(() => nowMs);
    store.record('a', 'one');
    nowMs = 2_000;
    store.record('b', 'two');
    store.record('a', 'three');
    expect(store.events('a')).toEqual([
      { sequence: 1, timestampMs: 1_000, message: 'one' },
      { sequence: 3, timestampMs: 2_000, message: 'three' },
    ]);
    expect(store.events('c')).toEqual([]);
  });

  test('at least the newest 2 million and at most 4 million characters of a function are kept', () => {
    const store = createLogStore(() => 0);
    for (let line = 0; line < 900; line += 1) {
      store.record('a', `${line}`.padEnd(10_000));
      const kept = store.events('a').length;
      expect(kept).toBeGreaterThanOrEqual(Math.min(line + 1, 200));
      expect(kept).toBeLessThanOrEqual(400);
      expect(store.events('a').at(-1)?.message.trim()).toBe(`${line}`);
    }
  });
});
