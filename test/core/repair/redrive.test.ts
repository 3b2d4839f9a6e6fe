import { beforeEach, describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import type { FailurePolicy } from '../../../core/outcome.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { operate } from '../../../core/repair/operate.ts';
import type { Operation } from '../../../core/repair/operation.ts';
import { redrive, release } from '../../../core/repair/redrive.ts';
import { productSchema } from '../../support/boundaries.ts';
import { eventBody, message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';
import { createRepairWorld } from '../../support/self-repair.ts';

const catalogue = defineBoundary('file:///c.ts', {
  name: 'catalogue',
  owns: { Product: { schema: productSchema, schemaVersion: 2 } },
});
/** The cache's boundary. At schema version 1 the cache is outdated; at schema version 2 its contract is repaired. */
const boundary = (schemaVersion: number, onPoison: FailurePolicy) =>
  defineBoundary('file:///s.ts', {
    name: 'shop',
    caches: { Product: keep({ ...catalogue.owns.Product, schemaVersion }, { onPoison }) },
  });

const version = (number: number, id = 'p1') => message(owned(product(id), number));
/** A version that only a cache with the repaired contract can apply. */
const newer = (number: number) =>
  message(owned(product(), number), { body: eventBody(owned(product(), number), { schemaVersion: 2 }) });

let cache: ReturnType<typeof inMemoryCache>;

beforeEach(() => {
  cache = inMemoryCache();
});

const project = (messages: readonly ReceivedMessage[], onPoison: FailurePolicy, schemaVersion = 1) =>
  projectBatch(projectionOf(boundary(schemaVersion, onPoison), cache.ports), messages);

const again = (onPoison: FailurePolicy, schemaVersion = 2) =>
  redrive(projectionOf(boundary(schemaVersion, onPoison), cache.ports), cache.repair, [...cache.parked.values()]);

const released = (schemaVersion = 2, drop = false) =>
  release(projectionOf(boundary(schemaVersion, 'stop'), cache.ports), cache.repair, product(), drop);

const outcomes = (redriven: readonly { readonly outcome: string }[]) => redriven.map(({ outcome }) => outcome);

describe('a redrive', () => {
  test('a redrive applies the events that can be applied now, and removes them', async () => {
    await project([newer(2)], 'park');
    expect(outcomes(await again('park'))).toEqual(['applied']);
    expect(cache.stored.get('Product/p1')?.version).toBe(2);
    expect(cache.parked.size).toBe(0);
  });

  test('a redrive of an event below the cached version ends as outdated', async () => {
    await project([newer(2), version(3)], 'park');
    expect(outcomes(await again('park'))).toEqual(['outdated']);
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size]).toEqual([3, 0]);
  });

  test('a redrive keeps an event that is still poison, with its reason', async () => {
    await project([newer(2)], 'park');
    expect(await again('park', 1)).toMatchObject([{ outcome: 'parked', reason: 'newer-schema' }]);
    expect(cache.parked.size).toBe(1);
  });

  test('a redrive keeps the held events of a stopped entity', async () => {
    await project([newer(2), version(3)], 'stop');
    expect(outcomes(await again('stop'))).toEqual(['held', 'held']);
    expect(cache.stored.has('Product/p1')).toBe(false);
  });

  test('a redrive keeps the events of a group that fails, and processes the other groups', async () => {
    cache = inMemoryCache({
      fail: (port, group) => port === 'write' && group === 'Product/p1' && cache.parked.size > 0,
    });
    const bad = message(owned(product('p2'), 1), { body: eventBody(owned(product('p2'), 1), { schemaVersion: 2 }) });
    await project([newer(2), bad], 'park');
    const redriven = await again('park');
    expect(redriven.map(({ key, outcome }) => [key.groupId, outcome])).toEqual([
      ['Product/p1', 'failed'],
      ['Product/p2', 'applied'],
    ]);
    expect(cache.parked.size).toBe(1);
  });

  test('a redrive that is repeated because its answer was lost ends as a duplicate', async () => {
    await project([newer(2)], 'park');
    const events = [...cache.parked.values()];
    await again('park');
    const projection = projectionOf(boundary(2, 'park'), cache.ports);
    expect(outcomes(await redrive(projection, cache.repair, events))).toEqual(['duplicate']);
  });
});

describe('a release', () => {
  test('a release replays the parked events in order and removes the stop', async () => {
    await project([version(1), newer(2), version(3)], 'stop');
    await project([version(4)], 'stop');
    const result = await released();
    expect(result.status).toBe('released');
    expect(outcomes(result.redriven)).toEqual(['superseded', 'superseded', 'applied']);
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size, cache.stopped.size]).toEqual([4, 0, 0]);
    expect((await project([version(5)], 'stop')).settled).toMatchObject([{ outcome: 'applied' }]);
  });

  test('a release that meets poison applies the events before it and keeps all others', async () => {
    await project([newer(2), version(3)], 'stop');
    const result = await released(1);
    expect(result.status).toBe('still-stopped');
    expect(outcomes(result.redriven)).toEqual(['held', 'held']);
    expect([cache.stored.has('Product/p1'), cache.parked.size, cache.stopped.size]).toEqual([false, 2, 1]);
  });

  test('a release replays the events that are held meanwhile before it removes the stop', async () => {
    await project([newer(2)], 'stop');
    const { removeParked } = cache.repair;
    let arriving = [version(3), version(4)];
    cache.repair.removeParked = async (keys) => {
      await removeParked(keys);
      const [next, ...rest] = arriving;
      arriving = rest;
      if (next) await project([next], 'stop');
    };
    expect((await released()).status).toBe('released');
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size, cache.stopped.size]).toEqual([4, 0, 0]);
  });

  test('a release under the policy park keeps the poison, with its current reason, and removes the stop', async () => {
    await project([newer(2), message(owned(product(), 3), { body: '{' })], 'stop');
    const result = await release(
      projectionOf(boundary(2, 'park'), cache.ports, 99_000),
      cache.repair,
      product(),
      false,
    );
    expect([result.status, outcomes(result.redriven)]).toEqual(['released', ['applied', 'parked']]);
    const [left, ...others] = [...cache.parked.values()];
    expect(left).toMatchObject({ status: 'parked', reason: 'malformed', parkedAtMs: Date.parse(PUBLISHED_AT) });
    expect([others.length, cache.stopped.size]).toEqual([0, 0]);
  });

  test('a release with drop removes the parked events', async () => {
    await project([version(1), newer(2), version(3)], 'stop');
    const result = await released(1, true);
    expect([result.status, outcomes(result.redriven)]).toEqual(['released', ['discarded', 'discarded']]);
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size, cache.stopped.size]).toEqual([1, 0, 0]);
  });

  test('a release of an entity that is not stopped changes nothing and says so', async () => {
    await project([newer(2)], 'park');
    expect(await released()).toEqual({ status: 'not-stopped', redriven: [] });
    expect(cache.parked.size).toBe(1);
  });

  test('a release that was interrupted can be repeated', async () => {
    await project([newer(2), version(3)], 'stop');
    const { clearStop } = cache.repair;
    cache.repair.clearStop = async () => Promise.reject(new Error('interrupted'));
    await expect(released()).rejects.toThrow('interrupted');
    cache.repair.clearStop = clearStop;
    expect(await released()).toMatchObject({ status: 'released', redriven: [] });
    expect(cache.stored.get('Product/p1')?.version).toBe(3);
  });

  test('a release fails, and keeps the stop, when events are held as fast as they are replayed', async () => {
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
  const { ports } = createRepairWorld();
  const asked = (operation: Operation) =>
    operate(projectionOf(boundary(2, 'park'), cache.ports), cache.repair, ports, operation, 'run');

  test('a redrive request redrives the parked events with the given keys, and no others', async () => {
    const [first, second] = [newer(2), newer(3)];
    await project([first, second], 'park');
    const keys = [second, { ...second, sequenceNumber: 'gone' }];
    expect(await asked({ operation: 'redrive', keys })).toEqual({
      redriven: [expect.objectContaining({ outcome: 'applied' })],
    });
    expect([...cache.parked.values()].map((one) => one.message)).toEqual([first]);
  });

  test.each([
    ['a type that is not kept', { operation: 'release', type: 'Label', id: 'x', drop: false }, /doesn't keep "Label"/],
    ['an invalid id', { operation: 'release', type: 'Product', id: '', drop: false }, /^id: empty/],
    [
      'a backfill of a type that is not kept',
      { operation: 'backfill', type: 'Label', restart: false },
      /doesn't keep "Label"/,
    ],
    [
      'an inventory of a type that is not kept',
      { operation: 'inventory', type: 'Label', heals: true },
      /doesn't keep "Label"/,
    ],
  ] as const)('a request for %s is refused', async (_, operation, message) => {
    expect(await asked(operation)).toEqual({ refused: expect.stringMatching(message) });
  });
});
