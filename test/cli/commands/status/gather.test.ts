import { expect, test } from 'vitest';
import { readinessOf } from '../../../../cli/commands/status/gather.ts';
import type { Deployment, FoundCache } from '../../../../cli/deployment/deployment.ts';

test("the readiness of a cache's types reads its completeness once, and a few notes at a time", async () => {
  let reads = 0;
  let atOnce = 0;
  let most = 0;
  const send = async () => {
    reads += 1;
    return {};
  };
  const backfill = async (type: string) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise(setImmediate);
    atOnce -= 1;
    const ready = { status: 'ready', seq: 1, sent: 1, readyAt: '2026-01-01T00:00:00.000Z' };
    return type === 'T7' ? { ...ready, unsendable: [], unsendableCount: 0 } : undefined;
  };
  const types = Array.from({ length: 100 }, (_, index) => `T${index}`);
  const deployment = { clients: { tables: { send } } } as unknown as Deployment;
  const cache = {
    deployed: { table: 'Cache' },
    types: async () => types,
    notes: { backfill },
  } as unknown as FoundCache;
  const readiness = await readinessOf(deployment, cache);
  expect(Object.keys(readiness)).toHaveLength(100);
  expect(readiness.T8).toBe('empty');
  expect(reads).toBe(1);
  expect(most).toBeLessThanOrEqual(16);
});
