import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyItem } from '../../adapters/aws/items.ts';
import { startHere } from '../support/command-line.ts';
import { bodyOf, type Depot, expectRefusal, item, type Refusal, startDepot } from './depot/world.ts';

let depot: Depot;
/** The commands take seconds on a busy machine. */
const slow = { timeout: 120_000 };

beforeAll(async () => {
  depot = await startDepot();
}, 120_000);
afterAll(() => depot?.stop());

interface Listed {
  readonly matching: number;
  readonly events: readonly { key: string; id: string; reason: string; status: string; outdated: boolean }[];
}
interface Redriven {
  readonly events: readonly { key: string; outcome: string; stays: boolean; detail?: string }[];
  readonly counts: Record<string, number>;
  readonly interrupted: boolean;
}

const listed = async (...args: readonly string[]) => (await depot.json<Listed>('parked', 'list', ...args)).result;
const redriven = (...args: readonly string[]) => depot.json<Redriven>('parked', 'redrive', ...args);

/** An event of the version that the caches hold, but with another state. */
const conflictOf = (id: string, version = 1) => bodyOf(item(id, version, { name: 'another' }));

describe('freshet parked at a cache', slow, () => {
  test('parked list shows the parked events with their reasons, and marks events that are outdated by a newer state', async () => {
    await depot.owner.owner.put('Item', 'listed', { name: 'one' });
    await depot.cloud.idle();
    await depot.send('lenient', 'listed', conflictOf('listed'));
    await depot.send('lenient', 'listed', 'not JSON \u009b31m');
    await depot.cloud.idle();
    const of = ['lenient', '--entity', 'listed'];
    expect((await listed(...of)).events.map(({ reason, outdated }) => ({ reason, outdated }))).toEqual([
      { reason: 'conflict', outdated: false },
      { reason: 'malformed', outdated: false },
    ]);
    await depot.owner.owner.put('Item', 'listed', { name: 'two' });
    await depot.cloud.idle();
    const { out } = await depot.run('parked', 'list', ...of);
    expect(out).toMatch(/Item\/listed .* 1 .*parked .*conflict .*version 2, OUTDATED/);
    expect(out).toContain('2; 1 outdated');
  });

  test('parked list selects events by reason, type, status and age, and prints at most the given number of rows', async () => {
    const all = (await listed('lenient')).matching;
    expect(all).toBe(2);
    expect(await listed('lenient', '--limit', '1')).toMatchObject({ matching: all, events: [{ reason: 'conflict' }] });
    expect((await listed('lenient', '--reason', 'malformed')).events).toMatchObject([{ reason: 'malformed' }]);
    expect(await listed('lenient', '--type', 'Other')).toMatchObject({ matching: 0 });
    expect(await listed('lenient', '--status', 'held')).toMatchObject({ matching: 0 });
    expect(await listed('lenient', '--older-than', '1h')).toMatchObject({ matching: 0 });
    expect(await listed('lenient', '--newer-than', '1h')).toMatchObject({ matching: all });
    expect((await depot.run('parked', 'list', 'lenient', '--type', 'Other')).out).toContain('no parked events match');
  });

  test('parked show prints one event in full, and escapes control characters that a terminal would obey', async () => {
    const [conflict, malformed] = (await listed('lenient')).events;
    const first = await depot.run('parked', 'show', 'lenient', conflict?.key ?? '');
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/reason +conflict: version 1 is stored/);
    expect(first.out).toContain('  "subject": "listed",\n');
    const second = await depot.run('parked', 'show', 'lenient', malformed?.key ?? '');
    expect(second.out).toContain('not JSON \\u009b31m');
    expect((await depot.run('parked', 'show', 'lenient', 'Item/none/1')).code).toBe(3);
  });

  test('parked redrive removes an outdated event and parks a malformed event again, and a second redrive changes nothing', async () => {
    const first = await redriven('lenient');
    expect(first).toMatchObject({ code: 1, result: { counts: { outdated: 1, parked: 1 } } });
    expect(await redriven('lenient')).toMatchObject({ code: 1, result: { counts: { parked: 1 } } });
    const { out } = await depot.run('parked', 'redrive', 'lenient');
    expect(out).toMatch(/^Item\/listed\/\d+: parked again \(malformed\)\n1 parked again\n$/);
  });

  test('parked redrive applies and removes an event whose cause was fixed', async () => {
    await depot.owner.owner.put('Item', 'mended', { name: 'one' });
    await depot.cloud.idle();
    await depot.send('lenient', 'mended', conflictOf('mended'));
    await depot.cloud.idle();
    const [{ key } = { key: '' }] = (await listed('lenient', '--entity', 'mended')).events;
    expect(await redriven('lenient', key)).toMatchObject({ code: 1, result: { events: [{ detail: 'conflict' }] } });
    const { table } = depot.cache('lenient').deployed;
    const entity = { type: 'Item', id: 'mended' };
    await depot.client.send(new DeleteItemCommand({ TableName: table, Key: keyItem(entity) }));
    expect(await redriven('lenient', key)).toMatchObject({
      code: 0,
      result: { events: [{ key, outcome: 'applied', stays: false }] },
    });
    expect(await depot.cache('lenient').reader.get('Item', 'mended')).toMatchObject({ value: { name: 'another' } });
    expect(await redriven('lenient', key)).toMatchObject({ code: 3, result: { events: [], absent: [key] } });
  });

  test('parked redrive isolates an event that kills the repair function, and redrives the other events', async () => {
    const deadly = await depot.park('lenient', 'deadly', bodyOf(item('deadly', 1, { name: 'deadly' })));
    await depot.park('lenient', 'alive', bodyOf(item('alive', 1, { name: 'alive' })));
    const { code, result } = await redriven('lenient', '--reason', 'retries-exhausted');
    expect(code).toBe(1);
    expect(result.counts).toEqual({ applied: 1, failed: 1 });
    const failed = result.events.find(({ outcome }) => outcome === 'failed');
    expect(failed).toMatchObject({ key: deadly, stays: true, detail: expect.stringContaining('exit') });
  });

  test('parked redrive can be interrupted, and continues the next time', async () => {
    for (let n = 0; n < 5; n += 1) {
      await depot.park('lenient', `0deadly${n}`, bodyOf(item(`0deadly${n}`, 1, { name: 'deadly' })));
      await depot.park('lenient', `1after${n}`, bodyOf(item(`1after${n}`, 1, { name: 'after' })));
    }
    const redrive = startHere(['parked', 'redrive', 'lenient', '--reason', 'retries-exhausted'], depot.folder);
    await expect.poll(() => redrive.out(), { ...slow, interval: 5 }).not.toBe('');
    redrive.interrupt();
    expect(await redrive.ended).toMatchObject({ code: 130, err: expect.stringContaining('run the command again') });
    expect((await listed('lenient', '--entity', '1after4')).matching).toBe(1);
    await redriven('lenient', '--reason', 'retries-exhausted');
    expect((await listed('lenient', '--entity', '1after4')).matching).toBe(0);
  });

  test('parked discard removes only the selected events, and only after a confirmation', async () => {
    const before = (await listed('lenient')).matching;
    const choice = ['lenient', '--entity', 'deadly'];
    const refused = await depot.run('parked', 'discard', ...choice);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('Add --yes') });
    const all = await depot.run('parked', 'discard', 'lenient', '--yes');
    expect(all).toMatchObject({ code: 2, err: expect.stringContaining('--all') });
    expect((await listed('lenient')).matching).toBe(before);
    expect(await depot.json('parked', 'discard', ...choice, '--yes')).toMatchObject({
      code: 0,
      result: { discarded: 1 },
    });
    expect((await listed('lenient')).matching).toBe(before - 1);
    expect(await depot.json('parked', 'discard', 'lenient', '--all', '--yes')).toMatchObject({ code: 0 });
    expect(await depot.json('parked', 'discard', 'lenient', '--all', '--yes')).toMatchObject({
      result: { discarded: 0 },
    });
  });

  test.each<Refusal>([
    ['an unknown name', ['parked', 'list', 'nobody'], ['"nobody"', 'lenient, strict', 'depot']],
    ['a key without a slash', ['parked', 'show', 'lenient', 'x'], ['"x"', 'GROUP/SEQUENCE']],
    ['an age with an unknown unit', ['parked', 'list', 'lenient', '--older-than', '1 week'], ['"1 week"', '10m']],
    ['a limit of zero', ['parked', 'list', 'lenient', '--limit', '0'], ['"0"', '1 to 100000']],
    ['an unknown reason', ['parked', 'redrive', 'lenient', '--reason', 'bad'], ['bad', 'malformed']],
    ['the release at an owner', ['release', 'depot', 'Item', 'x'], ['"depot"', 'lenient, strict']],
    ['a type that the cache does not keep', ['release', 'strict', 'Thing', 'x'], ['"Thing"', 'Item']],
    ['an empty id', ['release', 'strict', 'Item', ''], ['id: empty']],
  ])('%s is refused with exit code 2', (...refusal) => expectRefusal(depot, refusal));
});

describe('freshet parked at an owner', slow, () => {
  test('parked list shows a record that an owner could not publish, and parked redrive publishes its entity once it exists', async () => {
    const entity = { type: 'Item', id: 'removed' };
    await depot.owner.owner.put('Item', 'removed', { name: 'one' });
    await depot.client.send(new DeleteItemCommand({ TableName: depot.owner.deployed.table, Key: keyItem(entity) }));
    await depot.cloud.idle();
    expect(await listed('depot')).toMatchObject({ matching: 1, events: [{ id: 'removed', reason: 'removed' }] });
    expect(await redriven('depot')).toMatchObject({ code: 1, result: { counts: { unknown: 1 } } });
    await depot.owner.owner.put('Item', 'removed', { name: 'two' });
    expect(await redriven('depot')).toMatchObject({ code: 0, result: { counts: { requested: 1 } } });
    expect((await listed('depot')).matching).toBe(0);
  });
});

interface Released {
  readonly status: string;
  readonly events: readonly { outcome: string }[];
  readonly reason?: string;
}

describe('freshet release', slow, () => {
  const release = (...args: readonly string[]) => depot.json<Released>('release', 'strict', 'Item', ...args);

  /** Stops an entity: a conflicting event arrives while the cache holds version 1. */
  async function stop(id: string): Promise<void> {
    await depot.owner.owner.put('Item', id, { name: 'one' });
    await depot.cloud.idle();
    await depot.send('strict', id, conflictOf(id));
    await depot.cloud.idle();
  }

  test('freshet release says why an entity stays stopped, and changes nothing', async () => {
    await stop('poisoned');
    const held = await listed('strict', '--entity', 'poisoned');
    expect(held.events.map(({ status }) => status)).toEqual(['parked']);
    expect(await redriven('strict', '--entity', 'poisoned')).toMatchObject({
      code: 1,
      result: { counts: { held: 1 } },
    });
    expect(await release('poisoned')).toMatchObject({
      code: 1,
      result: { status: 'still-stopped', reason: 'conflict' },
    });
    expect(await listed('strict', '--entity', 'poisoned')).toEqual(held);
    expect((await depot.run('release', 'strict', 'Item', 'poisoned')).out).toContain(
      'strict: Item/poisoned is still stopped: conflict',
    );
  });

  test('freshet release replays the held events after the cause is fixed', async () => {
    // A newer version at the owner fixes the conflict. It is held like all later events.
    await depot.owner.owner.put('Item', 'poisoned', { name: 'two' });
    await depot.cloud.idle();
    const held = await listed('strict', '--entity', 'poisoned');
    expect(held.events.map(({ status }) => status)).toEqual(['parked', 'held']);
    expect(await depot.cache('strict').reader.get('Item', 'poisoned')).toMatchObject({ version: 1 });
    const { code, result } = await release('poisoned');
    expect({ code, status: result.status, events: result.events.map(({ outcome }) => outcome) }).toEqual({
      code: 0,
      status: 'released',
      events: ['superseded', 'applied'],
    });
    expect(await depot.cache('strict').reader.get('Item', 'poisoned')).toMatchObject({ version: 2 });
    expect((await listed('strict', '--entity', 'poisoned')).matching).toBe(0);
    expect(await release('poisoned')).toMatchObject({ code: 0, result: { status: 'not-stopped' } });
  });

  test('freshet release --drop drops the events only after a confirmation, and a resync brings the entity back', async () => {
    await stop('dropped');
    await depot.owner.owner.put('Item', 'dropped', { name: 'two' });
    await depot.cloud.idle();
    const refused = await depot.run('release', 'strict', 'Item', 'dropped', '--drop');
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('Drop all 2 events of Item/dropped') });
    expect((await listed('strict', '--entity', 'dropped')).matching).toBe(2);
    const { code, out, err } = await depot.run('release', 'strict', 'Item', 'dropped', '--drop', '--yes');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('strict: Item/dropped is released') });
    expect(err).toContain('npm run -s freshet -- resync Item dropped');
    expect(await depot.cache('strict').reader.get('Item', 'dropped')).toMatchObject({ version: 1 });
    expect((await depot.run('resync', 'Item', 'dropped', '--wait')).code).toBe(0);
    expect(await depot.cache('strict').reader.get('Item', 'dropped')).toMatchObject({ version: 2 });
  });
});
