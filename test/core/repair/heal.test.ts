import { beforeEach, describe, expect, test } from 'vitest';
import {
  abandon,
  askAgainSeconds,
  type GapNotice,
  type HealPorts,
  heal,
  LOOK_AT_STOPPED_SECONDS,
  MAX_ASK_AGAIN_SECONDS,
  MAX_ASKED,
} from '../../../core/repair/heal.ts';
import { product } from '../../support/events.ts';

let wanted: { version: number; sinceMs: number; noticeId: string } | undefined;
let cached: number;
let isStopped: boolean;
let asked: number[];
let again: { notice: GapNotice; delaySeconds: number }[];

beforeEach(() => {
  wanted = undefined;
  cached = 0;
  isStopped = false;
  asked = [];
  again = [];
});

const ports: HealPorts = {
  async want(_, version, { noticeId, nowMs, staleBeforeMs }) {
    if (wanted === undefined || wanted.sinceMs < staleBeforeMs) {
      wanted = { version, sinceMs: nowMs, noticeId };
      return 'new';
    }
    wanted = { ...wanted, version: Math.max(version, wanted.version) };
    return wanted.noticeId === noticeId ? 'new' : 'known';
  },
  wanted: async () => wanted?.version,
  async forget(_, version) {
    if (wanted !== undefined && wanted.version > version) return 'changed';
    wanted = undefined;
    return 'forgotten';
  },
  cached: async () => ({ version: cached, isStopped }),
  askOwner: async (_, version) => void asked.push(version),
  lookAgain: async (notice, delaySeconds) => void again.push({ notice, delaySeconds }),
};

let notices = 0;
/** A further notice of the gap. */
const gap = (wantedVersion: number, nowMs = 0) => {
  notices += 1;
  return heal({ entity: product(), wantedVersion, asked: 0 }, `notice-${notices}`, ports, nowMs);
};
const looked = async () => {
  const next = again.shift();
  return next && heal(next.notice, 'again', ports, 0);
};

describe('a gap', () => {
  test('a gap asks the owner, and is checked again after a delay', async () => {
    expect(await gap(5)).toBe('asked');
    expect(asked).toEqual([5]);
    expect(again).toEqual([{ notice: { entity: product(), wantedVersion: 5, asked: 1 }, delaySeconds: 5 }]);
  });

  test('a gap that the projector reports many times makes one request', async () => {
    await gap(5);
    expect(await gap(6)).toBe('known');
    expect(await gap(4)).toBe('known');
    expect([asked, wanted?.version]).toEqual([[5], 6]);
  });

  test('a gap is healed at the wanted version or above it', async () => {
    await gap(5);
    cached = 7;
    expect(await looked()).toBe('healed');
    expect([wanted, again.length]).toEqual([undefined, 0]);
  });

  test('a gap right after a healed one that was not checked yet asks the owner at once', async () => {
    await gap(5);
    cached = 5;
    expect(await gap(7)).toBe('asked');
    expect(asked).toEqual([5, 7]);
  });

  test('a gap whose wanted version has risen asks again for the higher version', async () => {
    await gap(5);
    await gap(8);
    cached = 6;
    expect(await looked()).toBe('asked');
    expect(asked).toEqual([5, 8]);
  });

  test('a gap asks the owner again, after longer and longer delays, until it is healed', async () => {
    await gap(5);
    const delays = [];
    for (let time = 1; time < MAX_ASKED; time += 1) {
      delays.push(again[0]?.delaySeconds);
      expect(await looked()).toBe('asked');
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, ...Array(3).fill(MAX_ASK_AGAIN_SECONDS)]);
    expect(askAgainSeconds(1_000)).toBe(MAX_ASK_AGAIN_SECONDS);
  });

  test.each([
    'want',
    'lookAgain',
  ] as const)('a gap whose notice comes again after the answer of %s was lost asks the owner', async (port) => {
    const notice = { entity: product(), wantedVersion: 5, asked: 0 };
    const lost = async (...args: never[]) => {
      await (ports[port] as (...given: never[]) => Promise<unknown>)(...args);
      throw new Error('lost');
    };
    await expect(heal(notice, 'n', { ...ports, [port]: lost }, 0)).rejects.toThrow('lost');
    asked = [];
    expect(await heal(notice, 'n', ports, 0)).toBe('asked');
    expect([asked, again.at(-1)?.notice.asked]).toEqual([[5], 1]);
  });

  test('an owner that cannot be asked is asked again later, and the notice does not wait in its queue', async () => {
    const error = new Error('no such queue');
    const unreachable = { ...ports, askOwner: () => Promise.reject(error) };
    const notice = { entity: product(), wantedVersion: 5, asked: 0 };
    expect(await heal(notice, 'n', unreachable, 0)).toEqual({ unreachable: error });
    expect(again.at(-1)).toMatchObject({ notice: { wantedVersion: 5, asked: 1 }, delaySeconds: 5 });
    expect(await ports.wanted(product())).toBe(5);
  });

  test('the gap of a type that the cache no longer keeps is abandoned', async () => {
    await gap(5);
    await abandon(product(), ports);
    expect(await ports.wanted(product())).toBe(undefined);
    await abandon(product(), ports);
  });

  const givenUp = async () => {
    await gap(5);
    for (let time = 1; time < MAX_ASKED; time += 1) await looked();
    expect([asked.length, await looked()]).toEqual([MAX_ASKED, 'given up']);
  };

  test('a gap is given up after the last request, and the next gap of the entity asks anew', async () => {
    await givenUp();
    const delays = Array.from({ length: MAX_ASKED }, (_, index) => askAgainSeconds(index + 1));
    expect(await gap(6, 1000 * delays.reduce((sum, delay) => sum + delay))).toBe('asked');
    // The checks of the first gap end, because the second gap has its own.
    expect([await looked(), again.length]).toEqual(['known', 1]);
  });

  test('a gap that was given up is healed by a late answer', async () => {
    await givenUp();
    for (let time = 0; time < 20; time += 1) expect(await looked()).toBe('waiting');
    cached = 5;
    expect([await looked(), wanted, again]).toEqual(['healed', undefined, []]);
  });

  test('the owner is asked once a day for a gap that was given up', async () => {
    await givenUp();
    for (let time = 0; time < 7 * 96; time += 1) await looked();
    expect(asked).toHaveLength(MAX_ASKED + 7);
    expect(again).toMatchObject([{ delaySeconds: 900 }]);
    for (let time = 0; time < 7 * 96 - 1; time += 1) expect(await looked()).not.toBe('given up');
    expect([await looked(), again]).toEqual(['given up', []]);
  });

  test('a gap of a stopped entity asks nobody until the entity is released', async () => {
    isStopped = true;
    expect(await gap(5)).toBe('waiting');
    for (let time = 0; time < MAX_ASKED + 1; time += 1) expect(await looked()).toBe('waiting');
    expect([asked, again[0]?.delaySeconds]).toEqual([[], LOOK_AT_STOPPED_SECONDS]);
    isStopped = false;
    expect(await looked()).toBe('asked');
    cached = 5;
    expect(await looked()).toBe('healed');
  });

  test('a gap that was healed before its first check asks nobody', async () => {
    cached = 5;
    expect(await gap(5)).toBe('healed');
    expect([asked, again]).toEqual([[], []]);
  });

  test('a gap whose notice was lost is asked for by a later notice', async () => {
    await gap(5);
    again = [];
    expect(await gap(6, 4 * MAX_ASK_AGAIN_SECONDS * 1000 + 1)).toBe('asked');
  });

  test('a gap that is healed while a higher version becomes wanted stays open', async () => {
    await gap(5);
    cached = 5;
    const forget: HealPorts['forget'] = async (entity, version) => {
      await gap(6);
      return ports.forget(entity, version);
    };
    const [next] = again;
    if (next === undefined) throw new Error('nothing to look at');
    expect(await heal(next.notice, 'again', { ...ports, forget }, 0)).toBe('asked');
    expect(wanted?.version).toBe(6);
  });
});
