import { describe, expect, test } from 'vitest';
import type { Completeness } from '../../../core/read/staleness.ts';
import { findSettledUntilMs, type SettledPorts } from '../../../core/repair/settled.ts';

const NOW_MS = Date.parse('2026-11-30T12:00:00Z');

const known = (changes: Partial<Completeness>): Completeness => ({
  atMs: 0,
  until: {},
  settledUntil: {},
  sightings: [],
  receivesAllFrom: { Product: 0 },
  ...changes,
});

function find(changes: Partial<SettledPorts>): Promise<number> {
  const ports: SettledPorts = {
    heartbeatMs: async () => NOW_MS - 10,
    completeness: async () => known({ settledUntil: { Product: NOW_MS - 1_000 } }),
    backlog: async () => 0,
    unrepaired: async () => 0,
    ...changes,
  };
  return findSettledUntilMs('Product', ports, () => NOW_MS);
}

describe('the time before which every change has ended in a cache', () => {
  test('is that of the newest heartbeat, if the queue is empty', async () => {
    expect(await find({})).toBe(NOW_MS - 10);
  });

  test.each<[string, Partial<SettledPorts>]>([
    ['the queue is not empty', { backlog: async () => 1 }],
    ['a notice of a gap or a dead letter is not handled', { unrepaired: async () => 1 }],
    ['the cache has no heartbeat', { heartbeatMs: async () => undefined }],
  ])('is that of the last report, if %s', async (_, changes) => {
    expect(await find(changes)).toBe(NOW_MS - 1_000);
  });

  test('is not known from a heartbeat that came before the cache received all events of the type', async () => {
    const completeness = async () => known({ receivesAllFrom: { Product: NOW_MS - 5 } });
    expect(await find({ completeness })).toBe(0);
  });

  test('is never in the future, even if the clock of the owner is ahead', async () => {
    expect(await find({ heartbeatMs: async () => NOW_MS + 60_000 })).toBe(NOW_MS);
  });

  test('is found in the order in which an event moves on: the heartbeat, the queue, and then the repair queues', async () => {
    const order: string[] = [];
    const noting = <T>(name: string, value: T) => {
      return async () => {
        order.push(name);
        return value;
      };
    };
    await find({
      heartbeatMs: noting('heartbeat', NOW_MS),
      backlog: noting('queue', 0),
      unrepaired: noting('repair queues', 0),
    });
    expect(order).toEqual(['heartbeat', 'queue', 'repair queues']);
  });
});
