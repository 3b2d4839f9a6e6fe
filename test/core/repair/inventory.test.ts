import { beforeEach, describe, expect, test } from 'vitest';
import {
  beginInventory,
  differing,
  isRunning,
  takeInventoryPage,
  tendInventory,
} from '../../../core/repair/inventory.ts';
import { lookAtSuspects, NotNoted } from '../../../core/repair/look.ts';
import type { OwnerPage } from '../../../core/repair/pages.ts';
import { deleted, owned, product } from '../../support/events.ts';
import { createRepairWorld, keptProduct } from '../../support/self-repair.ts';

const HOUR = 3_600_000;
const kept = keptProduct();
let repair: ReturnType<typeof createRepairWorld>;

beforeEach(() => {
  repair = createRepairWorld();
  repair.fill();
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    repair.own(owned(product(id), 2));
    repair.hold(owned(product(id), 2));
  }
});

const begin = (heals = true) => beginInventory(kept, repair.ports, { run: 'run', nowMs: repair.world.nowMs, heals });
const take = (page: OwnerPage, isRedelivered = false) =>
  takeInventoryPage(kept, page, repair.ports, { nowMs: repair.world.nowMs, isRedelivered });
const note = () => repair.inventories.get('Product');

async function readPages(): Promise<void> {
  while (repair.requests.length > 0) expect(await take(await repair.answerNext())).toBe('taken');
}
/** Looks at the suspects that were sent until now. */
async function look(): Promise<void> {
  for (const { suspects } of repair.looks.splice(0))
    await lookAtSuspects(kept, suspects, repair.ports, repair.world.nowMs);
}
const settle = () => {
  repair.world.settledUntilMs = repair.world.nowMs + 5_000;
};

describe('an inventory', () => {
  test('of a cache that equals its owner compares all entities and finds nothing', async () => {
    repair.own(deleted(product('f'), 3));
    await begin();
    await readPages();
    expect(note()).toMatchObject({
      compared: 6,
      found: { missing: 0, behind: 0, different: 0, ahead: 0, conflicting: 0, unknown: 0 },
      endedAt: expect.any(String),
    });
    expect(repair.looks).toEqual([]);
    expect(repair.ended).toEqual([note()]);
  });

  test('asks for what is missing, behind or changed by hand, and counts what has arrived as healed', async () => {
    repair.records.delete('a');
    repair.hold(owned(product('b'), 1));
    repair.hold(owned(product('c'), 2), { isIntact: false });
    settle();
    await begin();
    await readPages();
    await look();
    expect(repair.askedFor).toEqual(['a', 'b', 'c']);
    expect(repair.exposed).toEqual(['c@2']);
    expect(note()).toMatchObject({ found: { missing: 1, behind: 1, different: 1 }, healed: { missing: 0 } });
    expect(note()?.endedAt).toBe(undefined);
    for (const id of ['a', 'b', 'c']) repair.hold(owned(product(id), 2));
    expect(repair.ended).toEqual([]);
    const again = [...repair.looks];
    await look();
    repair.looks.push(...again);
    await look();
    expect(repair.ended).toEqual([note()]);
    expect(note()).toMatchObject({
      healed: { missing: 1, behind: 1, different: 1 },
      unhealed: 0,
      endedAt: expect.any(String),
    });
  });

  test('waits until everything before it has ended in the cache, and takes what arrives for no difference', async () => {
    repair.own(owned(product('a'), 3));
    repair.own(owned(product('b'), 3));
    await begin();
    await readPages();
    await look();
    await look();
    expect(repair.askedFor).toEqual([]);
    expect(repair.world.heartbeatsAsked).toBe(1);
    repair.hold(owned(product('a'), 3));
    repair.hold(owned(product('b'), 4));
    await look();
    expect(note()).toMatchObject({ inFlight: 2, found: { behind: 0 }, endedAt: expect.any(String) });
    expect(repair.askedFor).toEqual([]);
  });

  test('counts an entity with a parked event as set aside, and does not ask for it', async () => {
    repair.hold(owned(product('a'), 1));
    repair.setAside.add('a');
    settle();
    await begin();
    await readPages();
    await look();
    expect(repair.askedFor).toEqual([]);
    expect(note()).toMatchObject({ setAside: 1, found: { behind: 0 }, endedAt: expect.any(String) });
  });

  test('gives up an entity after five requests in vain', async () => {
    repair.records.delete('a');
    settle();
    await begin();
    await readPages();
    for (let round = 0; round < 6; round += 1) await look();
    expect(repair.askedFor).toEqual(['a', 'a', 'a', 'a', 'a']);
    expect(note()).toMatchObject({ found: { missing: 1 }, unhealed: 1, endedAt: expect.any(String) });
    expect(repair.ended.map(differing)).toEqual([1]);
  });

  test('names what may still be in flight after 20 hours, so that the cache does not count as equal', async () => {
    repair.records.delete('a');
    await begin();
    await readPages();
    repair.world.nowMs += 20 * HOUR + 1;
    await look();
    expect(note()).toMatchObject({ undecided: 1, found: { missing: 0 }, endedAt: expect.any(String) });
    expect(repair.ended.map(differing)).toEqual([1]);
  });

  test('waits while the cache is filled anew', async () => {
    repair.records.delete('a');
    settle();
    await begin();
    const page = await repair.answerNext();
    repair.backfills.clear();
    expect(await take(page)).toBe('left out');
    repair.fill();
    expect(await take(page)).toBe('taken');
    repair.backfills.clear();
    await look();
    expect(repair.askedFor).toEqual([]);
    expect(repair.looks).toMatchObject([{ delaySeconds: 900, suspects: { round: 0 } }]);
    repair.fill();
    await look();
    expect(repair.askedFor).toEqual(['a']);
  });

  test('takes an entity that the owner can not send for no unknown one', async () => {
    await begin();
    const page = await repair.answerNext();
    const [first, ...entries] = page.entries;
    const unsendable = [{ id: first?.[0] ?? '', why: 'unreadable' }];
    await take({ ...page, entries, unsendable, unsendableCount: 1 });
    expect(note()?.found.unknown).toBe(0);
  });

  test('is not held up by an owner whose clock is ahead', async () => {
    repair.records.delete('a');
    await begin();
    await take({ ...(await repair.answerNext()), readAtMs: Number.MAX_SAFE_INTEGER });
    expect(repair.looks[0]?.suspects.readAtMs).toBe(repair.world.nowMs + 5_000);
  });

  test('waits for what was committed while the owner read the page, which may take long', async () => {
    repair.own(owned(product('a'), 3));
    const { list } = repair.owner;
    repair.owner.list = async (...given) => {
      repair.world.nowMs += 40_000;
      return list(...given);
    };
    await begin();
    const page = await repair.answerNext();
    expect(page).toMatchObject({ readAtMs: repair.world.nowMs - 40_000, readUntilMs: repair.world.nowMs });
    await take(page);
    repair.world.settledUntilMs = page.readAtMs + 39_000;
    await look();
    expect(repair.askedFor).toEqual([]);
    repair.world.settledUntilMs = repair.world.nowMs + 5_000;
    await look();
    expect(repair.askedFor).toEqual(['a']);
  });

  test('that only reports asks for nothing', async () => {
    repair.records.delete('a');
    settle();
    await begin(false);
    await readPages();
    await look();
    expect(repair.askedFor).toEqual([]);
    expect(note()).toMatchObject({ found: { missing: 1 }, examples: [{ id: 'a' }], endedAt: expect.any(String) });
  });

  test('reports what only a person can judge: ahead, conflicting, and unknown to the owner', async () => {
    repair.hold(owned(product('a'), 3));
    repair.hold(owned(product('b'), 2, { name: 'other', price: 1 }));
    repair.hold(owned(product('stray'), 1));
    await begin();
    await readPages();
    expect(note()).toMatchObject({ found: { ahead: 1, conflicting: 1, unknown: 1 }, endedAt: expect.any(String) });
    expect(note()?.examples.map(({ id, difference }) => `${id} ${difference}`)).toEqual([
      'a ahead',
      'b conflicting',
      'stray unknown',
    ]);
    expect(repair.looks).toEqual([]);
  });

  test('takes what the cache received after the owner read the page for no difference', async () => {
    const later = { ...owned(product('a'), 3), changedAt: new Date(repair.world.nowMs).toISOString() };
    repair.hold(later);
    repair.hold({ ...later, entity: product('new') });
    await begin();
    await readPages();
    expect(note()).toMatchObject({ found: { ahead: 0, unknown: 0 }, examples: [] });
  });

  test('asks for entities with the fields of an earlier revision', async () => {
    settle();
    const revised = keptProduct(2);
    repair.fill(2);
    await beginInventory(revised, repair.ports, { run: 'run', nowMs: repair.world.nowMs, heals: true });
    await takeInventoryPage(revised, await repair.answerNext(), repair.ports, {
      nowMs: repair.world.nowMs,
      isRedelivered: false,
    });
    for (const { suspects } of repair.looks.splice(0))
      await lookAtSuspects(revised, suspects, repair.ports, repair.world.nowMs);
    expect(repair.askedFor).toEqual(['a', 'b']);
  });

  test('loses no suspect and counts none twice when the page or the look is delivered again', async () => {
    repair.records.delete('a');
    settle();
    await begin();
    const page = await repair.answerNext();
    await take(page);
    expect(await take(page, true)).toBe('taken');
    const [first] = repair.looks;
    const suspects = first?.suspects;
    if (suspects === undefined) throw new Error('no suspects');
    for (let time = 0; time < 2; time += 1) await lookAtSuspects(kept, suspects, repair.ports, repair.world.nowMs);
    expect(repair.askedFor).toEqual(['a']);
    expect(note()).toMatchObject({ found: { missing: 1 } });
  });

  test('a look that overtakes the note of its page is delivered again', async () => {
    repair.records.delete('a');
    await begin();
    const message = { type: 'Product', run: 'run', index: 0, round: 0, readAtMs: 0, readUntilMs: 0, suspects: [] };
    await expect(lookAtSuspects(kept, message, repair.ports, repair.world.nowMs)).rejects.toThrow(NotNoted);
  });
});

describe('the schedule of inventories', () => {
  const tend = (run: string, atMs: number) =>
    tendInventory(kept, repair.ports, { run, nowMs: atMs, stalledMs: HOUR, everyMs: 24 * HOUR, filledAtMs: 0 });

  test('the first inventory begins a day after the backfill, and the next one a day after the last', async () => {
    expect(await tend('first', 24 * HOUR - 1)).toBe('nothing');
    expect(await tend('first', 24 * HOUR)).toBe('started');
    await readPages();
    expect(await tend('second', 48 * HOUR - 1)).toBe('nothing');
    expect(await tend('second', 48 * HOUR)).toBe('started');
    expect(note()).toMatchObject({ run: 'second', compared: 0 });
  });

  test('an inventory that only reports does not put the next one off', async () => {
    await tend('first', 24 * HOUR);
    await readPages();
    repair.world.nowMs += 40 * HOUR;
    await begin(false);
    await readPages();
    expect(note()).toMatchObject({ run: 'run', heals: false, endedAt: expect.any(String) });
    expect(await tend('second', 48 * HOUR)).toBe('started');
  });

  test('a page is not asked for again while it may wait behind a backlog', async () => {
    await tend('first', 24 * HOUR);
    repair.world.backlog = 501;
    expect(await tend('second', 25 * HOUR)).toBe('waiting');
    expect(await tend('second', 36 * HOUR)).toBe('asked again');
  });

  test('an inventory whose cursor the owner does not know any more begins anew', async () => {
    await tend('first', 24 * HOUR);
    repair.world.nowMs = 24 * HOUR;
    await take(await repair.answerNext());
    let hours = 24;
    for (let time = 0; time < 24; time += 1) expect(await tend('second', ++hours * HOUR)).toBe('asked again');
    expect(await tend('second', ++hours * HOUR)).toBe('started');
    expect(note()).toMatchObject({ run: 'second', index: 0, heals: true });
    expect(note()).not.toHaveProperty('cursor');
  });

  test('an inventory with a lost message does not go on for ever', async () => {
    repair.records.delete('a');
    await begin();
    await readPages();
    repair.looks.splice(0);
    const { nowMs } = repair.world;
    expect(isRunning(note(), nowMs + 24 * HOUR - 1)).toBe(true);
    expect(isRunning(note(), nowMs + 24 * HOUR)).toBe(false);
  });

  test('a page that does not come is asked for again', async () => {
    await tend('first', 24 * HOUR);
    repair.requests.splice(0);
    expect(await tend('second', 25 * HOUR - 1)).toBe('waiting');
    expect(await tend('second', 25 * HOUR)).toBe('asked again');
    expect(repair.requests).toMatchObject([{ request: { run: 'first', index: 0 } }]);
  });

  test('without a schedule, no inventory begins by itself', async () => {
    const none = { run: 'x', nowMs: 900 * HOUR, stalledMs: HOUR, everyMs: undefined, filledAtMs: 0 };
    expect(await tendInventory(kept, repair.ports, none)).toBe('nothing');
  });
});
