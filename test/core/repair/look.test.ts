import { beforeEach, describe, expect, test } from 'vitest';
import { beginInventory, takeInventoryPage } from '../../../core/repair/inventory.ts';
import { lookAtSuspects, NotNoted } from '../../../core/repair/look.ts';
import { owned, product } from '../../support/events.ts';
import { createRepairWorld, keptProduct } from '../../support/self-repair.ts';

const kept = keptProduct();
let repair: ReturnType<typeof createRepairWorld>;

beforeEach(() => {
  repair = createRepairWorld();
  repair.fill();
  repair.own(owned(product('a'), 5));
  repair.hold(owned(product('a'), 5));
});

const look = (suspects = repair.looks.shift()?.suspects, ports = repair.ports) => {
  if (suspects === undefined) throw new Error('nothing to look at');
  return lookAtSuspects(kept, suspects, ports, repair.world.nowMs);
};
const note = () => repair.inventories.get('Product');
const settle = () => {
  repair.world.settledUntilMs = repair.world.nowMs + 5_000;
};

/** Reads all pages of an inventory. */
async function begin(): Promise<void> {
  await beginInventory(kept, repair.ports, { run: 'run', nowMs: repair.world.nowMs, heals: true });
  while (repair.requests.length > 0) {
    const page = await repair.answerNext();
    await takeInventoryPage(kept, page, repair.ports, { nowMs: repair.world.nowMs, isRedelivered: false });
  }
}

describe('a look at entities that seem to differ', () => {
  test('that overtakes the note of the look before it is delivered again', async () => {
    repair.records.delete('a');
    await begin();
    let goOn = () => {};
    const slowly = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const inventories = {
      ...repair.ports.inventories,
      write: async (...args: Parameters<typeof repair.ports.inventories.write>) => {
        await slowly;
        return repair.ports.inventories.write(...args);
      },
    };
    const first = look(undefined, { ...repair.ports, inventories });
    await new Promise(setImmediate);
    const second = repair.looks.shift()?.suspects;
    await expect(look(second)).rejects.toThrow(NotNoted);
    goOn();
    await first;
    settle();
    await look(second);
    expect(repair.askedFor).toEqual(['a']);
  });

  test('counts an entity as lost before it asks for it, so that an answer at once counts as healed', async () => {
    repair.records.delete('a');
    settle();
    await begin();
    const askOwner = async () => {
      expect(note()).toMatchObject({ found: { missing: 1 } });
      throw new Error('the queue is gone');
    };
    await expect(look(undefined, { ...repair.ports, askOwner })).rejects.toThrow('the queue is gone');
    repair.hold(owned(product('a'), 5));
    await look();
    expect(note()).toMatchObject({ found: { missing: 1 }, healed: { missing: 1 }, inFlight: 0 });
  });

  test('names what is lost in the order of the page, however long each entity takes', async () => {
    repair.own(owned(product('b'), 3));
    repair.records.delete('a');
    settle();
    await begin();
    const isSetAside = async ({ id }: { readonly id: string }) => {
      if (id === 'a') for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
      return false;
    };
    await look(undefined, { ...repair.ports, isSetAside });
    expect(note()?.examples.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(repair.askedFor).toEqual(['a', 'b']);
  });

  test('waits longer after each request', async () => {
    repair.records.delete('a');
    settle();
    await begin();
    const delays = [];
    for (let time = 0; time < 5; time += 1) {
      await look();
      delays.push(repair.looks[0]?.delaySeconds);
    }
    expect(delays).toEqual([5, 15, 45, 135, 405]);
  });

  test.each([
    ['the version', 5, { noticed: ['a'], askedFor: [] }],
    ['an earlier version', 4, { noticed: [], askedFor: ['a'] }],
  ])('of an entity with a gap of %s: the gap is worked on, and its notice may be lost', async (_, wanted, expected) => {
    repair.records.delete('a');
    repair.gaps.set('a', wanted);
    settle();
    await begin();
    await look();
    expect({ noticed: repair.noticed, askedFor: repair.askedFor }).toEqual(expected);
  });

  test('takes an event that was redriven meanwhile for no loss', async () => {
    repair.hold(owned(product('a'), 4));
    settle();
    await begin();
    const isSetAside = async () => {
      // The event of version 5 was parked. Its redrive ended after the look had read the item.
      repair.hold(owned(product('a'), 5));
      return false;
    };
    await look(undefined, { ...repair.ports, isSetAside });
    expect(repair.askedFor).toEqual([]);
    expect(note()).toMatchObject({ found: { behind: 0 }, inFlight: 1, endedAt: expect.any(String) });
  });

  test('mends data that was changed by hand although another event of the entity is parked', async () => {
    repair.hold(owned(product('a'), 5), { isIntact: false });
    repair.setAside.add('a');
    await begin();
    await look();
    expect(repair.askedFor).toEqual(['a']);
    expect(note()).toMatchObject({ found: { different: 1 }, setAside: 0 });
  });
});

describe('an item that was changed by hand', () => {
  const LONG_AGO = 60_000;

  test('keeps its version until the answer arrives', async () => {
    repair.hold(owned(product('a'), 5), { isIntact: false });
    await begin();
    await look();
    expect(repair.exposed).toEqual(['a@5']);
  });

  test('is not exposed as a later version, because readers would take its data for that version', async () => {
    repair.hold(owned(product('a'), 4), { isIntact: false });
    await begin();
    await look();
    expect(repair.askedFor).toEqual(['a']);
    expect(repair.exposed).toEqual([]);
  });

  test('that took a later version since the owner read the page does not go back', async () => {
    const changedAtMs = repair.world.nowMs;
    repair.hold(owned(product('a'), 6), { isIntact: false, changedAtMs });
    await begin();
    await look();
    expect(repair.exposed).toEqual(['a@6']);
  });

  test('whose version was raised by hand goes back to the owner’s version', async () => {
    repair.hold(owned(product('a'), 999), { isIntact: false, changedAtMs: repair.world.nowMs - LONG_AGO });
    await begin();
    await look();
    expect(repair.exposed).toEqual(['a@5']);
  });
});
