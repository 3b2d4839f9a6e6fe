import { describe, expect, test, vi } from 'vitest';
import { highWaterOf } from '../../../../cli/console/api/flow-caches.ts';
import { spanOf } from '../../../../cli/console/api/numbers.ts';
import { instanceOf } from '../../../../cli/console/api/sagas.ts';
import { createParts } from '../../../../cli/observe/parts.ts';
import { rememberedFor } from '../../../../cli/observe/remembered.ts';
import { createSlots } from '../../../../cli/observe/slots.ts';

const ALWAYS = { localMs: 0, awsMs: 0 };
const denied = Object.assign(new Error('no'), { name: 'AccessDenied' });

describe('the parts of a document', () => {
  test('that cannot be read are undefined and named once, and the others are read', async () => {
    const parts = createParts({ isLocal: true });
    const some = parts.each('queues', [1, 2, 3], ALWAYS, async (n) => {
      if (n > 1) throw denied;
      return n;
    });
    const other = parts.one('alarms', ALWAYS, async () => 'read');
    expect([await some(1), await other(1)]).toEqual([[1, undefined, undefined], 'read']);
    expect(parts.unread()).toEqual(['queues: AccessDenied']);
    expect(() => parts.requireSome()).not.toThrow();
  });

  test('reject together if none of them can be read', async () => {
    const parts = createParts({ isLocal: true });
    const reads = ['queues', 'alarms'].map((name) => parts.one(name, ALWAYS, async () => Promise.reject(denied)));
    parts.each('caches', [], ALWAYS, async () => 1);
    await Promise.all(reads.map((read) => read(1)));
    expect(() => parts.requireSome()).toThrow(denied);
  });

  test('that could be read again are named no more', async () => {
    let isBroken = true;
    const parts = createParts({ isLocal: false });
    const one = parts.one('alarms', { localMs: 0, awsMs: 100 }, async () => {
      if (isBroken) throw denied;
      return 1;
    });
    await one(0);
    isBroken = false;
    expect([await one(99), parts.unread().length]).toEqual([undefined, 1]);
    expect([await one(100), parts.unread().length]).toEqual([1, 0]);
  });
});

describe('a remembered answer', () => {
  test('is asked again only when it is old, and once for questions of the same time', async () => {
    let asked = 0;
    const ask = rememberedFor(1_000, async () => ++asked);
    expect([await ask(0), await ask(999), await ask(1_000), await ask(1_000)]).toEqual([1, 1, 2, 2]);
    const always = rememberedFor(0, async () => ++asked);
    expect(await Promise.all([always(5), always(5), always(6)])).toEqual([3, 3, 4]);
  });

  test('is asked again after an error', async () => {
    let fails = true;
    const ask = rememberedFor(1_000, async () => {
      if (fails) throw denied;
      return 'ok';
    });
    await expect(ask(0)).rejects.toBe(denied);
    fails = false;
    expect(await ask(1)).toBe('ok');
  });
});

describe('the high water of a cache', () => {
  test('is the lowest of its owners’, and null if no decision names the cache', () => {
    const decisions = [{ highWaters: { maps: 500, names: 10 } }, { highWaters: { maps: 200 } }, {}];
    expect(highWaterOf('maps', decisions)).toBe(200);
    expect(highWaterOf('other', decisions)).toBeNull();
    expect(highWaterOf('constructor', decisions)).toBeNull();
    expect(highWaterOf('maps', [])).toBeNull();
  });
});

describe('the span of figures', () => {
  const NOW_MS = Date.parse('2026-11-30T12:00:07.500Z');

  test.each([
    [1, 1],
    [5, 1],
    [15, 5],
    [60, 20],
    [180, 60],
  ])('%i minutes have a period of %i seconds in the local cloud', (minutes, periodSeconds) => {
    const span = spanOf({ isLocal: true }, minutes, NOW_MS);
    expect(span.periodSeconds).toBe(periodSeconds);
    expect(span.toMs - span.fromMs).toBe(minutes * 60_000);
    expect(span.fromMs % (periodSeconds * 1000)).toBe(0);
    expect((span.toMs - span.fromMs) / 1000 / periodSeconds).toBeLessThanOrEqual(300);
  });

  test('has a period of a minute on AWS, with the current minute', () => {
    const span = spanOf({ isLocal: false }, 15, NOW_MS);
    expect(span).toMatchObject({ periodSeconds: 60, toMs: Date.parse('2026-11-30T12:01:00Z') });
  });
});

describe('an instance of a saga', () => {
  const fact = {
    type: 'OrderPlaced',
    id: 'OrderPlaced/o1',
    owner: 'sales',
    occurredAt: '2026-11-30T12:00:00Z',
    data: {},
  };
  const instance = {
    key: 'o1',
    status: 'waiting',
    revision: 1,
    facts: { OrderPlaced: fact },
    beganAt: '2026-11-30T12:00:01.000Z',
    dueAtMs: Date.parse('2026-11-30T13:00:00Z'),
    effects: [],
    expiresAtSeconds: undefined,
  } as const;
  const needs = ['OrderPlaced', 'OrderBilled'].map((type) => ({ type, owner: 'sales' }));

  test('waits for the facts that its saga needs and that have not arrived', () => {
    expect(instanceOf(instance, needs)).toMatchObject({
      missing: ['OrderBilled'],
      dueAt: '2026-11-30T13:00:00.000Z',
      facts: [{ type: 'OrderPlaced', id: 'OrderPlaced/o1', at: '2026-11-30T12:00:00Z' }],
    });
    expect(instanceOf(instance, undefined).missing).toBeNull();
  });

  test('that has decided waits for nothing', () => {
    const decided = { ...instance, status: 'decided', dueAtMs: undefined } as const;
    expect(instanceOf(decided, undefined)).toMatchObject({ missing: [], dueAt: null });
  });
});

describe('slots', () => {
  test('let some work run at once, and the rest in turn, also after a failure', async () => {
    const slots = createSlots(2);
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const work = (n: number) =>
      slots(async () => {
        begun.push(n);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (n === 0) throw denied;
        return n;
      });
    const all = Promise.allSettled([work(0), work(1), work(2), work(3)]);
    await vi.waitFor(() => expect(begun).toEqual([0, 1]));
    ends[0]?.();
    await vi.waitFor(() => expect(begun).toEqual([0, 1, 2]));
    for (const end of ends) end();
    await vi.waitFor(() => expect(begun).toEqual([0, 1, 2, 3]));
    for (const end of ends) end();
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  });
});
