import { beforeEach, describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract.ts';
import type { FailurePolicy } from '../../../core/outcome.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { operate } from '../../../core/repair/operate.ts';
import { redrive, release } from '../../../core/repair/redrive.ts';
import { productSchema } from '../../support/boundaries.ts';
import { eventBody, message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

const catalogue = defineBoundary('file:///c.ts', {
  name: 'catalogue',
  owns: { Product: { schema: productSchema, schemaVersion: 2 } },
});
/** The cache as it is deployed, and after its contract was mended: then it knows schema version 2. */
const boundary = (schemaVersion: number, onPoison: FailurePolicy) =>
  defineBoundary('file:///s.ts', {
    name: 'shop',
    caches: { Product: keep({ ...catalogue.owns.Product, schemaVersion }, { onPoison }) },
  });

const version = (number: number, id = 'p1') => message(owned(product(id), number));
/** A version that only a mended cache can apply. */
const newer = (number: number) =>
  message(owned(product(), number), { body: eventBody(owned(product(), number), { schemaVersion: 2 }) });

let cache: ReturnType<typeof inMemoryCache>;

beforeEach(() => {
  cache = inMemoryCache();
});

const project = (messages: readonly ReceivedMessage[], onPoison: FailurePolicy, schemaVersion = 1) =>
  projectBatch(projectionOf(boundary(schemaVersion, onPoison), cache.ports), messages);

const again = (onPoison: FailurePolicy, schemaVersion = 2) =>
  redrive(projectionOf(boundary(schemaVersion, onPoison), cache.ports), cache.repair, [...cache.aside.values()]);

const released = (schemaVersion = 2, drop = false) =>
  release(projectionOf(boundary(schemaVersion, 'stop'), cache.ports), cache.repair, product(), drop);

const outcomes = (redriven: readonly { readonly outcome: string }[]) => redriven.map(({ outcome }) => outcome);

describe('redrive', () => {
  test('applies what can be applied by now, and forgets it', async () => {
    await project([newer(2)], 'park');
    expect(outcomes(await again('park'))).toEqual(['applied']);
    expect(cache.stored.get('Product/p1')?.version).toBe(2);
    expect(cache.aside.size).toBe(0);
  });

  test('says outdated of what a newer state has overtaken, and never goes back', async () => {
    await project([newer(2), version(3)], 'park');
    expect(outcomes(await again('park'))).toEqual(['outdated']);
    expect([cache.stored.get('Product/p1')?.version, cache.aside.size]).toEqual([3, 0]);
  });

  test('keeps what is still poison, with its reason', async () => {
    await project([newer(2)], 'park');
    expect(await again('park', 1)).toMatchObject([{ outcome: 'parked', reason: 'newer-schema' }]);
    expect(cache.aside.size).toBe(1);
  });

  test('keeps what is held behind a stopped entity: that is for a release', async () => {
    await project([newer(2), version(3)], 'stop');
    expect(outcomes(await again('stop'))).toEqual(['held', 'held']);
    expect(cache.stored.has('Product/p1')).toBe(false);
  });

  test('works on each group alone: one that fails keeps its events', async () => {
    cache = inMemoryCache({
      fail: (port, group) => port === 'write' && group === 'Product/p1' && cache.aside.size > 0,
    });
    const bad = message(owned(product('p2'), 1), { body: eventBody(owned(product('p2'), 1), { schemaVersion: 2 }) });
    await project([newer(2), bad], 'park');
    const redriven = await again('park');
    expect(redriven.map(({ key, outcome }) => [key.groupId, outcome])).toEqual([
      ['Product/p1', 'failed'],
      ['Product/p2', 'applied'],
    ]);
    expect(cache.aside.size).toBe(1);
  });

  test('repeated after its answer was lost ends as a duplicate', async () => {
    await project([newer(2)], 'park');
    const events = [...cache.aside.values()];
    await again('park');
    const projection = projectionOf(boundary(2, 'park'), cache.ports);
    expect(outcomes(await redrive(projection, cache.repair, events))).toEqual(['duplicate']);
  });
});

describe('release', () => {
  test('replays in order what was set aside, and lets the entity go on', async () => {
    await project([version(1), newer(2), version(3)], 'stop');
    await project([version(4)], 'stop');
    const result = await released();
    expect(result.status).toBe('released');
    expect(outcomes(result.redriven)).toEqual(['superseded', 'superseded', 'applied']);
    expect([cache.stored.get('Product/p1')?.version, cache.aside.size, cache.stopped.size]).toEqual([4, 0, 0]);
    expect((await project([version(5)], 'stop')).settled).toMatchObject([{ outcome: 'applied' }]);
  });

  test('that meets poison still stays stopped, with the poison and all behind it, and what is before it is applied', async () => {
    await project([newer(2), version(3)], 'stop');
    const result = await released(1);
    expect(result.status).toBe('still-stopped');
    expect(outcomes(result.redriven)).toEqual(['held', 'held']);
    expect([cache.stored.has('Product/p1'), cache.aside.size, cache.stopped.size]).toEqual([false, 2, 1]);
  });

  test('replays first what is held while it works, and only then lets the entity go on', async () => {
    await project([newer(2)], 'stop');
    const { removeAside } = cache.repair;
    let arriving = [version(3), version(4)];
    cache.repair.removeAside = async (keys) => {
      await removeAside(keys);
      const [next, ...rest] = arriving;
      arriving = rest;
      if (next) await project([next], 'stop');
    };
    expect((await released()).status).toBe('released');
    expect([cache.stored.get('Product/p1')?.version, cache.aside.size, cache.stopped.size]).toEqual([4, 0, 0]);
  });

  test('under a policy that has become park leaves poison parked, with its reason of now, and lets the entity go on', async () => {
    await project([newer(2), message(owned(product(), 3), { body: '{' })], 'stop');
    const result = await release(
      projectionOf(boundary(2, 'park'), cache.ports, 99_000),
      cache.repair,
      product(),
      false,
    );
    expect([result.status, outcomes(result.redriven)]).toEqual(['released', ['applied', 'parked']]);
    const [left, ...others] = [...cache.aside.values()];
    expect(left).toMatchObject({ status: 'parked', reason: 'malformed', setAsideAtMs: Date.parse(PUBLISHED_AT) });
    expect([others.length, cache.stopped.size]).toEqual([0, 0]);
  });

  test('drops what was set aside when it is told to', async () => {
    await project([version(1), newer(2), version(3)], 'stop');
    const result = await released(1, true);
    expect([result.status, outcomes(result.redriven)]).toEqual(['released', ['discarded', 'discarded']]);
    expect([cache.stored.get('Product/p1')?.version, cache.aside.size, cache.stopped.size]).toEqual([1, 0, 0]);
  });

  test('of an entity that is not stopped says so and touches nothing', async () => {
    await project([newer(2)], 'park');
    expect(await released()).toEqual({ status: 'not-stopped', redriven: [] });
    expect(cache.aside.size).toBe(1);
  });

  test('that is interrupted is repeated: what was replayed is not replayed wrongly', async () => {
    await project([newer(2), version(3)], 'stop');
    const { clearStop } = cache.repair;
    cache.repair.clearStop = async () => Promise.reject(new Error('interrupted'));
    await expect(released()).rejects.toThrow('interrupted');
    cache.repair.clearStop = clearStop;
    expect(await released()).toMatchObject({ status: 'released', redriven: [] });
    expect(cache.stored.get('Product/p1')?.version).toBe(3);
  });

  test('gives up, and leaves the entity stopped, when more is held as fast as it is replayed', async () => {
    await project([newer(2)], 'stop');
    let next = 3;
    cache.repair.clearStop = async () => {
      await project([version(next++)], 'stop');
      return 'changed';
    };
    await expect(released()).rejects.toThrow('Product/p1 is still stopped');
  });
});

describe("an operator's request", () => {
  const asked = (operation: Parameters<typeof operate>[2]) =>
    operate(
      projectionOf(boundary(2, 'park'), cache.ports),
      { ...cache.repair, parseReadiness: () => undefined, noteReadiness: async () => {} },
      operation,
    );

  test('redrives the keys that are there, and only those', async () => {
    const [first, second] = [newer(2), newer(3)];
    await project([first, second], 'park');
    const keys = [second, { ...second, sequenceNumber: 'gone' }];
    expect(await asked({ operation: 'redrive', keys })).toEqual({
      redriven: [expect.objectContaining({ outcome: 'applied' })],
    });
    expect([...cache.aside.values()].map((one) => one.message)).toEqual([first]);
  });

  test.each([
    ['a type that is not kept', { operation: 'release', type: 'Label', id: 'x', drop: false }, /doesn't keep "Label"/],
    ['an id that cannot be one', { operation: 'release', type: 'Product', id: '', drop: false }, /^id: empty/],
    ['a mark that is none', { operation: 'readiness', type: 'Product', state: {} }, /^state: /],
    ['a mark on a type that is not kept', { operation: 'readiness', type: 'Label', state: {} }, /doesn't keep "Label"/],
  ] as const)('for %s is refused', async (_, operation, message) => {
    expect(await asked(operation)).toEqual({ refused: expect.stringMatching(message) });
  });
});
