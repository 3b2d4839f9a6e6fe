import fc from 'fast-check';
import { expect, test } from 'vitest';
import { projectBatch } from '../../../core/project/batch.ts';
import type { Projection } from '../../../core/project/group.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { postponeSeconds } from '../../../core/retries.ts';
import { random } from '../../simulation/random.ts';
import { shop } from '../../support/boundaries.ts';
import { message, owned, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

/** How long the tables throttle, in receives, and which share of the calls they refuse. */
const outages = fc.record({
  seed: fc.integer(),
  receives: fc.integer({ min: 1, max: 60 }),
  share: fc.double({ min: 0.05, max: 1, noNaN: true }),
  versions: fc.integer({ min: 1, max: 4 }),
  waitedSeconds: fc.integer({ min: 0, max: 14 * 86_400 }),
});

/** Receives the versions of an entity until they are settled, while every call may be throttled. */
function nothingIsParked(wrong: Partial<Projection> = {}) {
  return fc.asyncProperty(outages, async ({ seed, receives, share, versions, waitedSeconds }) => {
    const draws = random(seed, 'throttling');
    let isOver = false;
    const cache = inMemoryCache({ fail: () => (!isOver && draws.chance(share) ? 'throttled' : false) });
    const first = message(owned(product(), 1));
    let nowMs = first.sentAtMs;
    const firstReceivedAtMs = nowMs + waitedSeconds * 1000;
    let left: readonly ReceivedMessage[] = Array.from({ length: versions }, (_, at) => ({
      ...message(owned(product(), at + 1)),
      firstReceivedAtMs,
    }));
    nowMs = firstReceivedAtMs;
    for (let receiveCount = 1; left.length > 0 && receiveCount < receives + 10; receiveCount += 1) {
      isOver = receiveCount > receives;
      const projection = { ...projectionOf(shop, cache.ports, nowMs), ...wrong };
      const settings = { ...projection.settings, maxEventAgeSeconds: 52 * 86_400 };
      const report = await projectBatch(
        { ...projection, settings },
        left.map((one) => ({ ...one, receiveCount })),
      );
      left = report.returned.map((one) => one.message);
      nowMs += postponeSeconds(receiveCount) * 1000;
    }
    expect(cache.everParked).toEqual([]);
    expect(cache.stored.get('Product/p1')?.version).toBe(versions);
  });
}

test('whatever is throttled, for however long, nothing is parked and everything is applied in the end', async () => {
  await fc.assert(nothingIsParked(), { numRuns: 300 });
});

test('a mutant projector whose budget is used up by throttling is found', async () => {
  expect(
    (await fc.check(nothingIsParked({ isTransient: () => false }), { numRuns: 300, endOnFailure: true })).failed,
  ).toBe(true);
});

test('a message whose entity is released while it is held is never parked for that, whatever its attempts', async () => {
  const cache = inMemoryCache();
  cache.stopped.set('Product/p1', 1);
  // The entity is released between the refused write and the hold.
  const ports = { ...cache.ports, hold: async () => 'released' as const };
  const one = { ...message(owned(product(), 1)), receiveCount: 900 };
  const report = await projectBatch(projectionOf(shop, ports, one.firstReceivedAtMs + 120_000), [one]);
  expect(report.returned).toMatchObject([{ error: { name: 'StopChanged' } }]);
  expect(cache.everParked).toEqual([]);
});
