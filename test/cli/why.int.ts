import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyItem } from '../../adapters/aws/items.ts';
import { bodyOf, type Depot, expectRefusal, item, startDepot } from './depot/world.ts';

let depot: Depot;
const slow = { timeout: 120_000 };

beforeAll(async () => {
  depot = await startDepot();
}, 120_000);
afterAll(() => depot?.stop());

const put = (id: string, name: string) => depot.owner.owner.put('Item', id, { name });
const settled = () => depot.cloud.idle();

interface Told {
  readonly verdict: string;
  readonly mend: readonly { readonly command?: string; readonly args?: readonly string[] }[];
}

/** The verdict of `freshet why`, and its exit code. */
async function why(id: string, cache: 'lenient' | 'strict' = 'lenient') {
  const { code, result } = await depot.json<Told>('why', cache, 'Item', id);
  return {
    code,
    verdict: result.verdict,
    commands: result.mend.flatMap(({ command, args = [] }) =>
      command === undefined ? [] : [[...command.split(' '), ...args].join(' ')],
    ),
  };
}

/** Runs a command that a verdict named. */
const mend = (command = '') => depot.run(...command.split(' '));

describe('freshet why', slow, () => {
  test('an entity that the cache has is current, and after its deletion deleted', async () => {
    await put('c1', 'one');
    await settled();
    expect(await why('c1')).toEqual({ code: 0, verdict: 'current', commands: [] });
    const { out } = await depot.run('why', 'lenient', 'Item', 'c1');
    expect(out).toMatch(/^Item\/c1 in lenient, the local cloud at .*\n {2}owner depot {4}version 1, committed /);
    await depot.owner.owner.delete('Item', 'c1');
    await settled();
    expect(await why('c1')).toEqual({ code: 0, verdict: 'deleted', commands: [] });
    expect(await why('nobody')).toEqual({ code: 0, verdict: 'unknown', commands: [] });
  });

  test('an entity whose relay is stopped waits in the stream, and one whose projector is stopped in the queue', async () => {
    const { relay } = depot.owner.deployed;
    await depot.run('stop', relay);
    await put('w1', 'one');
    expect(await why('w1')).toMatchObject({ code: 1, verdict: 'relay-stopped' });
    const { projector } = depot.cache('lenient').deployed;
    await depot.run('stop', projector);
    await depot.run('start', relay);
    await settled();
    expect(await why('w1')).toMatchObject({ code: 1, verdict: 'projector-stopped' });
    await depot.run('start', projector);
    await settled();
    expect(await why('w1')).toMatchObject({ code: 0, verdict: 'current' });
  });

  test('a parked event is named with the command that redrives it', async () => {
    const { entity } = await put('p1', 'one');
    const owned = await depot.owner.owner.get('Item', 'p1');
    await settled();
    const key = await depot.park('lenient', 'p1', bodyOf(item('p1', 2, { name: 'two' })));
    await put('p1', 'two');
    await settled();
    expect(await why('p1')).toMatchObject({ code: 0, verdict: 'current' });
    await lose(entity);
    const found = await why('p1');
    expect(found).toMatchObject({ code: 1, verdict: 'parked', commands: [`parked redrive lenient ${key}`] });
    expect((await mend(found.commands[0])).code).toBe(0);
    expect(owned?.version).toBe(1);
  });

  test('an entity that is stopped is named with the command that releases it', async () => {
    await put('s1', 'one');
    await settled();
    await depot.send('strict', 's1', 'not JSON');
    await settled();
    await put('s1', 'two');
    await settled();
    const found = await why('s1', 'strict');
    expect(found).toMatchObject({ code: 1, verdict: 'stopped', commands: ['release strict Item s1'] });
    await mend('release strict Item s1 --drop --yes');
    await mend('resync Item s1 --wait');
    expect(await why('s1', 'strict')).toMatchObject({ code: 0, verdict: 'current' });
  });

  test('an entity that a filled cache lost is lost, and each of the named commands mends it', async () => {
    const { entity } = await put('l1', 'one');
    await mend('backfill lenient Item');
    for (const index of [0, 1]) {
      await lose(entity);
      await expect.poll(() => why('l1'), { timeout: 30_000 }).toMatchObject({ code: 1, verdict: 'lost' });
      const { commands } = await why('l1');
      expect(commands).toEqual([expect.stringMatching(/^resync /), 'reconcile lenient Item']);
      expect((await mend(commands[index])).code).toBe(0);
      expect(await why('l1')).toMatchObject({ code: 0, verdict: 'current' });
    }
  });

  test('an entity that only the cache has is unowned', async () => {
    // An inventory leaves out what has just changed: the owner may have read its table before.
    const changedAt = new Date(Date.now() - 60_000).toISOString();
    await depot.send('lenient', 'u1', bodyOf({ ...item('u1', 1, { name: 'nobody' }), changedAt }));
    await settled();
    const found = await why('u1');
    expect(found).toMatchObject({ code: 1, verdict: 'unowned', commands: ['reconcile --delete-unknown lenient Item'] });
    await mend(`${found.commands[0]} --yes`);
    expect(await why('u1')).toMatchObject({ code: 0, verdict: 'deleted' });
  });

  test('another state at the same version is different', async () => {
    await depot.send('lenient', 'd1', bodyOf(item('d1', 1, { name: 'other' })));
    await settled();
    await put('d1', 'mine');
    await settled();
    expect(await why('d1')).toMatchObject({ code: 1, verdict: 'different' });
  });

  test('the JSON holds no states', async () => {
    await put('j1', 'a secret');
    await settled();
    const { out } = await depot.run('why', 'lenient', 'Item', 'j1', '--json');
    expect(JSON.parse(out)).toMatchObject({ findings: { owner: { owned: { version: 1 } }, cache: { keeps: true } } });
    expect(out).not.toContain('a secret');
  });

  test('a type that the cache does not keep is named', async () => {
    const { code, out } = await depot.run('why', 'lenient', 'Nothing', 'x');
    expect(code).toBe(0);
    expect(out).toContain("not-kept: lenient doesn't keep Nothing");
  });

  test.each([
    ['an unknown cache', ['why', 'nobody', 'Item', 'x'], ['"nobody"', 'lenient']],
    ['an invalid id', ['why', 'lenient', 'Item', ''], ['id']],
  ] as const)('%s is refused with exit code 2', async (...refusal) => {
    await expectRefusal(depot, refusal);
  });
});

/** Deletes the item of an entity from the table of the lenient cache, as only a fault does. */
async function lose(entity: { readonly type: string; readonly id: string }): Promise<void> {
  const { table } = depot.cache('lenient').deployed;
  await depot.client.send(new DeleteItemCommand({ TableName: table, Key: keyItem(entity) }));
}
