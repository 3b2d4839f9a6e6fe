import { describe, expect, test } from 'vitest';
import { type EventReader, eventReader, READER_LIFE_MS, readership } from '../../../core/govern/readers.ts';

const INTERVAL_SECONDS = 60;
const SINCE_MS = 1_000_000_000;
const LISTENED_MS = SINCE_MS + 15 * INTERVAL_SECONDS * 1000;

const cache = (name: string, readsCompressed: boolean, atMs = LISTENED_MS): EventReader => ({
  cache: name,
  readsCompressed,
  atMs,
});

/** Whether events may be compressed. */
const may = (known: readonly EventReader[], nowMs = LISTENED_MS) =>
  readership({ listeningSinceMs: SINCE_MS }, known, { intervalSeconds: INTERVAL_SECONDS, nowMs }).readsCompressed;

describe('whether large states may be compressed in events', () => {
  test('they are compressed when every cache has said that it reads compressed data', () => {
    expect(may([cache('shop', true), cache('orders', true)])).toBe(true);
  });

  test('one cache that has not said it is enough for plain events', () => {
    expect(may([cache('shop', true), cache('orders', false)])).toBe(false);
  });

  test('they are not compressed before the governor has heard all caches', () => {
    expect(may([cache('shop', true)], LISTENED_MS - 1)).toBe(false);
  });

  test('they are not compressed while no cache is known', () => {
    expect(may([])).toBe(false);
  });

  test('a cache that has been silent for longer than its queue keeps messages does not count', () => {
    const silent = cache('old', false, LISTENED_MS - READER_LIFE_MS);
    expect(may([cache('shop', true), silent])).toBe(false);
    expect(may([cache('shop', true), { ...silent, atMs: silent.atMs - 1 }])).toBe(true);
  });

  test('the governor begins to listen with its first decision, and again after a release that did not', () => {
    const at = { intervalSeconds: INTERVAL_SECONDS, nowMs: LISTENED_MS };
    for (const previous of [undefined, {}]) {
      const first = readership(previous, [cache('shop', true)], at);
      expect(first).toEqual({ listeningSinceMs: LISTENED_MS, readsCompressed: false });
    }
  });
});

test('a report without a word about it comes from a release that does not read compressed data', () => {
  const report = {
    ...{ cache: 'shop', backlog: 0, productionRate: 0, consumptionRate: 0, oldestAgeSeconds: 0 },
    ...{ drainSeconds: 0, share: 1, atMs: 20 },
  };
  expect(eventReader(report, 30)).toEqual({ cache: 'shop', readsCompressed: false, atMs: 20 });
  expect(eventReader({ ...report, readsCompressed: true }, 10)).toEqual({
    ...{ cache: 'shop', readsCompressed: true },
    atMs: 10,
  });
});
