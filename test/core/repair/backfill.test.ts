import { beforeEach, describe, expect, test } from 'vitest';
import type { Completeness } from '../../../core/read/staleness.ts';
import { takeBackfillPage, tendBackfill, yieldSeconds } from '../../../core/repair/backfill.ts';
import type { OwnerPage } from '../../../core/repair/pages.ts';
import { deleted, owned, product } from '../../support/events.ts';
import { createRepairWorld, keptProduct } from '../../support/self-repair.ts';

const MINUTE = 60_000;
const kept = keptProduct();
let repair: ReturnType<typeof createRepairWorld>;

beforeEach(() => {
  repair = createRepairWorld();
  repair.own(...['a', 'b', 'c', 'd'].map((id) => owned(product(id), 1)), deleted(product('e'), 2));
});

const tend = (run = 'run', of = kept) =>
  tendBackfill(of, repair.ports, { run, nowMs: repair.world.nowMs, stalledMs: 5 * MINUTE });
const take = (page: OwnerPage, isRedelivered = false) =>
  takeBackfillPage(kept, page, repair.ports, { nowMs: repair.world.nowMs, isRedelivered });
const note = () => repair.backfills.get('Product');
const known = (changes: Partial<Completeness>): Completeness => ({
  atMs: 0,
  until: {},
  settledUntil: {},
  sightings: [],
  receivesAllFrom: { Product: 0 },
  ...changes,
});

/** Answers all requests, and takes their pages. Returns how many there were. */
async function runToEnd(): Promise<number> {
  let pages = 0;
  for (; repair.requests.length > 0; pages += 1) expect(await take(await repair.answerNext())).toBe('taken');
  return pages;
}

describe('a cache fills itself', () => {
  test('an empty type is asked for page by page, its states reach this cache alone, and it is ready once they have ended', async () => {
    expect(await tend()).toBe('started');
    expect(await runToEnd()).toBe(3);
    expect(repair.sent()).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => `Product/${id} to shop`));
    expect(note()).toMatchObject({ status: 'filling', sent: 5, sentAllAtMs: repair.world.nowMs });
    expect(repair.world.heartbeatsAsked).toBe(1);

    expect(await tend()).toBe('waiting');
    repair.world.settledUntilMs = repair.world.nowMs - 1;
    expect(await tend()).toBe('waiting');
    repair.world.settledUntilMs = repair.world.nowMs;
    expect(await tend()).toBe('ready');
    expect(note()).toMatchObject({ status: 'ready', sent: 5, revision: 1 });
    expect(await tend()).toBe('nothing');
  });

  test('a type is not asked for before the cache receives all of its events', async () => {
    repair.world.completeness = known({ receivesAllFrom: { Product: repair.world.nowMs + 1 } });
    expect(await tend()).toBe('early');
    repair.world.completeness = known({ receivesAllFrom: {} });
    expect(await tend()).toBe('early');
    repair.world.completeness = known({ receivesAllFrom: { Product: repair.world.nowMs } });
    expect(await tend()).toBe('started');
  });

  test('a ready type is filled again when the cache keeps other fields, or when it was filled too early', async () => {
    await tend();
    await runToEnd();
    repair.world.settledUntilMs = repair.world.nowMs;
    await tend();
    expect(await tend('second', keptProduct(2))).toBe('started');
    expect(note()).toMatchObject({ run: 'second', revision: 2, sent: 0 });

    await runToEnd();
    repair.world.nowMs += MINUTE;
    repair.world.completeness = known({ receivesAllFrom: { Product: repair.world.nowMs } });
    expect(await tend('third', keptProduct(2))).toBe('started');
  });

  test('a page that does not come is asked for again after a while, from where the cache stands', async () => {
    await tend();
    await take(await repair.answerNext());
    repair.requests.splice(0);
    expect(await tend()).toBe('waiting');
    repair.world.nowMs += 5 * MINUTE;
    expect(await tend()).toBe('asked again');
    expect(repair.requests).toMatchObject([{ request: { run: 'run', index: 1, cursor: 'b' } }]);
    expect(await tend()).toBe('waiting');
  });

  test('a page is not asked for again while it may wait behind a backlog', async () => {
    await tend();
    repair.world.backlog = 501;
    repair.world.nowMs += 59 * MINUTE;
    expect(await tend()).toBe('waiting');
    repair.world.nowMs += MINUTE;
    expect(await tend()).toBe('asked again');
  });

  test('a backfill whose cursor the owner does not know any more begins anew', async () => {
    await tend();
    await take(await repair.answerNext());
    for (let time = 0; time < 24; time += 1) {
      repair.world.nowMs += 5 * MINUTE;
      expect(await tend()).toBe('asked again');
    }
    repair.world.nowMs += 5 * MINUTE;
    expect(await tend('second')).toBe('started');
    expect(note()).toMatchObject({ run: 'second', index: 0, sent: 0 });
    expect(note()).not.toHaveProperty('cursor');
  });

  test('an owner whose clock is ahead does not hold up a backfill', async () => {
    await tend();
    repair.owner.pageSize = 10;
    await take({ ...(await repair.answerNext()), readAtMs: Number.MAX_SAFE_INTEGER });
    expect(note()).toMatchObject({ sentAllAtMs: repair.world.nowMs + 5_000 });
  });

  test('a page that comes twice, or belongs to an earlier run, starts no second chain of requests', async () => {
    await tend();
    const first = await repair.answerNext();
    expect(await take(first)).toBe('taken');
    expect(await take(first)).toBe('left out');
    expect(repair.requests).toHaveLength(1);
    const second = await repair.answerNext();
    expect(await take({ ...second, run: 'earlier' })).toBe('left out');
    expect(await take(second)).toBe('taken');
    expect(await take(first, true)).toBe('left out');
    expect(note()).toMatchObject({ index: 2, sent: 4 });
  });

  test('a page that is delivered again after a crash asks for the next page, and counts once', async () => {
    await tend();
    const first = await repair.answerNext();
    const crash = async () => {
      throw new Error('crash');
    };
    const crashing = { ...repair.ports, askPage: crash };
    await expect(
      takeBackfillPage(kept, first, crashing, { nowMs: repair.world.nowMs, isRedelivered: false }),
    ).rejects.toThrow('crash');
    expect(await take(first, true)).toBe('taken');
    expect(await runToEnd()).toBe(2);
    expect(note()).toMatchObject({ sent: 5 });
  });

  test('two requests to start at the same time start one run', async () => {
    const both = await Promise.all([tend('one'), tend('two')]);
    expect(both.sort()).toEqual(['started', 'waiting']);
    expect(repair.requests).toHaveLength(1);
  });

  test('an entity that the owner cannot send is named, and does not hold up the others', async () => {
    repair.own({ ...owned(product('c'), 1), digest: 'x'.repeat(43) });
    await tend();
    await runToEnd();
    expect(note()).toMatchObject({
      sent: 4,
      unsendableCount: 1,
      unsendable: [{ id: 'c', why: expect.stringContaining('digest') }],
    });
  });

  test.each([
    [0, 0],
    [500, 0],
    [501, 1],
    [1_500, 10],
    [120_000, 60],
  ])('a cache with a backlog of %d waits %d s before it asks for the next page', (backlog, seconds) => {
    expect(yieldSeconds(backlog)).toBe(seconds);
  });

  test('the wait of a cache with a backlog delays its next request', async () => {
    repair.world.backlog = 1_000;
    await tend();
    await take(await repair.answerNext());
    expect(repair.requests).toMatchObject([{ delaySeconds: 5 }]);
  });
});
