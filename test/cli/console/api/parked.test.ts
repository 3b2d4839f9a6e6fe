import { describe, expect, test } from 'vitest';
import { readParked } from '../../../../cli/console/api/parked.ts';
import type { FoundCache } from '../../../../cli/deployment/deployment.ts';
import type { ParkedEvent } from '../../../../core/project/ports.ts';

const NOW_MS = Date.parse('2026-11-30T12:00:00Z');

function eventOf(n: number): ParkedEvent {
  return {
    message: { groupId: `g${n}`, sequenceNumber: `${n}`, sentAtMs: NOW_MS, body: '', attempts: 1 },
    status: 'parked',
    reason: 'invalid',
    explanation: 'data.name: too long',
    parkedAtMs: NOW_MS + n,
  } as unknown as ParkedEvent;
}

/** Caches with as many events as given. A page of a table has at most `most` of them. */
function world(counts: readonly number[], most = 1_000) {
  const state = { requests: 0, atOnce: 0, mostAtOnce: 0 };
  const caches = counts.map((count, index) => ({
    name: `cache-${index + 1}`,
    deployed: { role: 'cache' },
    parked: {
      async list({ cursor, limit }: { cursor?: string; limit: number }) {
        state.requests += 1;
        state.atOnce += 1;
        state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce);
        await new Promise(setImmediate);
        state.atOnce -= 1;
        const begin = cursor === undefined ? 0 : Number(JSON.parse(Buffer.from(cursor, 'base64url').toString()).n);
        const end = Math.min(count, begin + Math.min(limit, most));
        const items = Array.from({ length: end - begin }, (_, n) => eventOf(begin + n));
        const next = Buffer.from(JSON.stringify({ n: end })).toString('base64url');
        return { items, cursor: end < count ? next : undefined };
      },
    },
  }));
  return { state, deployment: { owners: [], factQueues: [], caches: caches as unknown as FoundCache[] } };
}

async function allPages(deployment: Parameters<typeof readParked>[0]) {
  const pages: number[] = [];
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await readParked(deployment, { cursor });
    pages.push(page.events.length);
    keys.push(...page.events.map(({ name, key }) => `${name} ${key}`));
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
  return { pages, keys };
}

describe('a page of parked events', () => {
  test('is read on until an event is found: of 50 caches, the 30th has events', async () => {
    const { state, deployment } = world(Array.from({ length: 50 }, (_, index) => (index === 29 ? 3 : 0)));
    const page = await readParked(deployment);
    expect(page.events.map(({ name }) => name)).toEqual(['cache-30', 'cache-30', 'cache-30']);
    expect(state.mostAtOnce).toBe(8);
    expect((await allPages(deployment)).keys).toHaveLength(3);
  });

  test('is empty only if there are no events at all', async () => {
    const { deployment } = world(Array(50).fill(0));
    expect(await readParked(deployment)).toMatchObject({ events: [], cursor: null });
  });

  test('has at most 1,000 events, and the pages together have each event once', async () => {
    const counts = [0, 700, 700, 0, 2_500, ...Array(30).fill(0), 1];
    const { deployment } = world(counts);
    const { pages, keys } = await allPages(deployment);
    expect(Math.max(...pages)).toBeLessThanOrEqual(1_000);
    expect(Math.min(...pages)).toBeGreaterThan(0);
    expect([keys.length, new Set(keys).size]).toEqual([3_901, 3_901]);
  });

  test('ends after 20 requests that found events', async () => {
    const { state, deployment } = world([100], 1);
    expect((await readParked(deployment)).events).toHaveLength(20);
    expect(state.requests).toBe(20);
  });

  test('of a name has the events of this place alone, and an unknown name is an error that lists the names', async () => {
    const { state, deployment } = world([5, 2, 4]);
    const page = await readParked(deployment, { at: 'cache-2' });
    expect(page).toMatchObject({ events: [{ name: 'cache-2' }, { name: 'cache-2' }], cursor: null });
    expect(state.requests).toBe(1);
    await expect(readParked(deployment, { at: 'cache-9' })).rejects.toMatchObject({ code: 'UnknownCache' });
  });
});
