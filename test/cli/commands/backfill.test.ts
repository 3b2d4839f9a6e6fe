import { expect, test } from 'vitest';
import { countOf, setAsideSince } from '../../../cli/commands/backfill.ts';
import type { OpenCache } from '../../../cli/deployment/deployment.ts';
import type { Work } from '../../../cli/work.ts';

const work = (count: (type: string) => Promise<number>) =>
  ({ deployment: { ownerOf: async () => ({ owner: { count } }) } }) as unknown as Work;

test('the owners are counted over all types, and there is no total if a table may not be read', async () => {
  const types = ['Country', 'Currency'];
  expect(
    await countOf(
      work(async ({ length }) => length),
      types,
    ),
  ).toBe(15);
  const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
  expect(
    await countOf(
      work(() => Promise.reject(denied)),
      types,
    ),
  ).toBeUndefined();
  await expect(
    countOf(
      work(() => Promise.reject(new Error('down'))),
      types,
    ),
  ).rejects.toThrow('down');
});

test('the parking table is read once for all types, and what was parked before a backfill does not count', async () => {
  let reads = 0;
  const event = (type: string, id: string, parkedAtMs: number) => ({
    entity: { type, id },
    message: { groupId: `${type}/${id}` },
    parkedAtMs,
  });
  const items = [event('Country', 'FR', 100_000), event('Country', 'DE', 10_000), event('Currency', 'EUR', 100_000)];
  const list = async () => {
    reads += 1;
    return { items, cursor: undefined };
  };
  const cache = { parked: { list } } as unknown as OpenCache;
  const setAside = await setAsideSince(
    cache,
    new Map([
      ['Country', 60_000],
      ['Currency', 60_000],
      ['Rate', 0],
    ]),
  );
  expect([...setAside]).toEqual([
    ['Country', ['Country/FR']],
    ['Currency', ['Currency/EUR']],
    ['Rate', []],
  ]);
  expect(reads).toBe(1);
});
