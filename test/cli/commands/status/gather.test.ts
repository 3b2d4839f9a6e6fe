import { expect, test } from 'vitest';
import { createSelfRepairNotes } from '../../../../cli/clients/self-repair.ts';
import { readinessOf } from '../../../../cli/commands/status/gather.ts';
import type { Deployment, FoundCache } from '../../../../cli/deployment/deployment.ts';

test("the readiness of a cache's types takes a request for its completeness, and one for 100 types", async () => {
  const sizes: number[] = [];
  const ready = { status: 'ready', seq: 1, sent: 1, readyAt: '2026-01-01T00:00:00.000Z' };
  const note = JSON.stringify({ ...ready, unsendable: [], unsendableCount: 0 });
  const send = async ({ input }: { input: { RequestItems?: { Cache: { Keys: unknown[] } } } }) => {
    const keys = input.RequestItems?.Cache.Keys;
    sizes.push(keys?.length ?? 0);
    return keys === undefined
      ? {}
      : { Responses: { Cache: [{ pk: { S: 'T7#readiness' }, id: { S: 'readiness' }, readiness: { S: note } }] } };
  };
  const types = Array.from({ length: 250 }, (_, index) => `T${index}`);
  const client = { send };
  const deployment = { clients: { tables: client } } as unknown as Deployment;
  const cache = {
    deployed: { table: 'Cache' },
    types: async () => types,
    notes: createSelfRepairNotes({ client: client as never, tableName: 'Cache' }),
  } as unknown as FoundCache;
  const readiness = await readinessOf(deployment, cache);
  expect(Object.keys(readiness)).toHaveLength(250);
  expect(readiness).toMatchObject({ T7: expect.stringMatching(/ready|filling/), T8: 'empty' });
  expect(sizes.sort((a, b) => a - b)).toEqual([0, 50, 100, 100]);
});
