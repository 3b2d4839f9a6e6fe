import { DeleteItemCommand, PutItemCommand, paginateScan, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Item, keyItem } from '../../adapters/aws/items.ts';
import { EPOCH_SIZE } from '../../core/entity.ts';
import { startHere } from '../support/command-line.ts';
import { bodyOf, type Depot, expectRefusal, item, type Refusal, startDepot } from './depot/world.ts';

let depot: Depot;
const slow = { timeout: 120_000 };

/** Ids that sort differently by bytes and by code units, and other ids that a list may handle wrongly. */
const NASTY = ['é', '\uFFFD', '😀', 'a\u0000b', 'a b', '__proto__', '#', '/', 'Z', '漢字'.repeat(60)];

beforeAll(async () => {
  depot = await startDepot();
  const { owner } = depot.owner;
  const ids = [...NASTY, ...Array.from({ length: 60 }, (_, n) => `n${n}`)];
  await Promise.all(ids.map((id) => owner.put('Item', id, { name: id })));
  for (const id of ['n1', 'n2', '😀']) await owner.delete('Item', id);
  await depot.cloud.idle();
}, 120_000);
afterAll(() => depot?.stop());

const tableOf = (cache: 'strict' | 'lenient') => depot.cache(cache).deployed.table;

async function itemsOf(TableName: string): Promise<Item[]> {
  const all: Item[] = [];
  for await (const { Items = [] } of paginateScan({ client: depot.client }, { TableName })) all.push(...Items);
  return all;
}

async function remove(TableName: string, { pk, id }: Item): Promise<void> {
  if (pk === undefined || id === undefined) return;
  await depot.client.send(new DeleteItemCommand({ TableName, Key: { pk, id } }));
}

async function empty(cache: 'strict' | 'lenient'): Promise<void> {
  await Promise.all((await itemsOf(tableOf(cache))).map((one) => remove(tableOf(cache), one)));
}

/** Changes an item of a cache without the projector. */
async function plant(cache: 'strict' | 'lenient', id: string, name: string, value: { S: string } | { N: string }) {
  await depot.client.send(
    new UpdateItemCommand({
      TableName: tableOf(cache),
      Key: keyItem({ type: 'Item', id }),
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    }),
  );
}

interface Reconciled {
  readonly types: { readonly Item: Record<string, number> };
  readonly differences: readonly { id: string; difference: string }[];
  readonly left?: readonly { id: string; difference: string }[];
}
interface Filled {
  readonly types: readonly {
    readonly status: string;
    readonly sent: number;
    readonly setAside: readonly string[];
    readonly missing: readonly string[];
  }[];
}

const reconciled = (...args: readonly string[]) => depot.json<Reconciled>('reconcile', ...args);
const backfilled = (...args: readonly string[]) => depot.json<Filled>('backfill', ...args);
const differences = ({ result }: { result: Reconciled }) =>
  Object.fromEntries(result.differences.map(({ id, difference }) => [id, difference]));

describe('freshet resync', slow, () => {
  test('freshet resync brings an entity back into the caches that lost it, at its version', async () => {
    for (const cache of ['strict', 'lenient'] as const) {
      await depot.client.send(
        new DeleteItemCommand({ TableName: tableOf(cache), Key: keyItem({ type: 'Item', id: 'n7' }) }),
      );
    }
    const { code, out } = await depot.runAlone('resync', 'Item', 'n7', '--wait');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'depot: Item/n7 version 1 is published again\narrived in lenient, strict\n',
    });
    expect(await depot.cache('lenient').reader.get('Item', 'n7')).toMatchObject({ status: 'found', version: 1 });
  });

  test('freshet resync --wait names the cache that does not have the version when the time is up', async () => {
    await plant('strict', 'n8', 'stopped', { N: '1' });
    await depot.owner.owner.put('Item', 'n8', { name: 'newer' });
    const { code, err } = await depot.run('resync', 'Item', 'n8', '--wait', '1');
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/^strict does not have version \d+ after 1 s/),
    });
    expect((await depot.run('release', 'strict', 'Item', 'n8')).code).toBe(0);
  });

  test('freshet resync refuses an entity that never existed, and a type that no owner owns', async () => {
    expect(await depot.run('resync', 'Item', 'never')).toMatchObject({
      code: 2,
      err: expect.stringContaining('has never had Item/never'),
    });
    expect(await depot.run('resync', 'Thing', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('"Thing"') });
  });
});

describe('freshet backfill', slow, () => {
  test('freshet backfill fills an emptied cache with all entities and tombstones, and marks it as ready', async () => {
    expect(await depot.cache('lenient').reader.readiness('Item')).toEqual({ status: 'empty' });
    await empty('lenient');
    const { code, result } = await backfilled('lenient', '--rate', '1000');
    expect({ code, result }).toMatchObject({
      code: 0,
      result: { types: [{ status: 'ready', sent: 70, setAside: [] }] },
    });
    await depot.cloud.idle();
    expect(await depot.cache('lenient').reader.get('Item', 'n1')).toMatchObject({ status: 'deleted', version: 2 });
    expect(await reconciled('lenient')).toMatchObject({
      code: 0,
      result: { types: { Item: { equal: 70, missing: 0 } } },
    });
    expect(await depot.cache('lenient').reader.readiness('Item')).toMatchObject({ status: 'ready', sent: 70 });
    expect(JSON.parse((await depot.run('get', 'lenient', 'Item', 'n3', '--json')).out)).toMatchObject({
      readiness: 'ready',
    });
    // The other cache received nothing.
    expect(depot.cloud.messaging.queues.require(depot.cache('strict').deployed.queueUrl).counts().visible).toBe(0);
  });

  test('freshet backfill can be interrupted by Ctrl-C, continues where it stopped, and begins again with --restart', async () => {
    await empty('strict');
    const backfill = startHere(['backfill', 'strict', '--rate', '30'], depot.folder);
    const { reader } = depot.cache('strict');
    await expect.poll(() => reader.readiness('Item'), slow).toMatchObject({ status: 'filling', sent: 30 });
    backfill.interrupt();
    expect(await backfill.ended).toMatchObject({ code: 130, err: expect.stringContaining('run the command again') });
    const interrupted = await reader.readiness('Item');
    expect(interrupted).toMatchObject({ status: 'filling', sent: expect.any(Number) });
    const again = await depot.run('backfill', 'strict', '--rate', '1000');
    expect(again).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^Item: continuing the backfill of \S+ after \d+ events/),
    });
    expect(again.out).toBe('strict: Item is ready, 70 sent\n');
    await depot.cache('strict').repair.noteReadiness('Item', interrupted);
    await empty('strict');
    const anew = await depot.run('backfill', 'strict', '--rate', '1000', '--restart');
    expect(anew).toMatchObject({ code: 0, err: '', out: 'strict: Item is ready, 70 sent\n' });
    expect((await reconciled('strict')).code).toBe(0);
  });

  test('freshet backfill names the entities whose events are parked at the cache instead of waiting for them', async () => {
    await depot.owner.owner.put('Item', 'n9', { name: 'n9' });
    await depot.send('strict', 'n9', bodyOf(item('n9', 1, { name: 'another' })));
    await depot.cloud.idle();
    await depot.owner.owner.put('Item', 'n9', { name: 'held' });
    await depot.cloud.idle();
    const { code, result } = await backfilled('strict', 'Item', '--rate', '1000');
    expect({ code, result }).toMatchObject({
      code: 1,
      result: { types: [{ status: 'ready', setAside: ['Item/n9'], missing: [] }] },
    });
    expect((await depot.run('release', 'strict', 'Item', 'n9')).code).toBe(0);
  });

  test.each<Refusal>([
    ['an unknown cache', ['backfill', 'depot'], ['"depot"', 'lenient, strict']],
    ['a type that the cache does not keep', ['backfill', 'strict', 'Thing'], ['"Thing"', 'It keeps: Item']],
    ['a rate of zero', ['backfill', 'strict', '--rate', '0'], ['"0"', '1 to 10000']],
    [
      'the comparison of a type that the cache does not keep',
      ['reconcile', 'strict', 'Thing'],
      ['"Thing"', 'It keeps: Item'],
    ],
    ['an unknown owner', ['restore', 'strict'], ['"strict"', 'Known: depot']],
    ['a restore before the epoch was raised', ['restore', 'depot'], ['epoch: 1', 'docs/restore.md']],
  ])('%s is refused with exit code 2', (...refusal) => expectRefusal(depot, refusal));
});

describe('freshet reconcile', slow, () => {
  test('freshet reconcile finds the entities that are missing, behind, ahead, different and unowned, and no others', async () => {
    const gone = { TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'é' }) };
    await depot.client.send(new DeleteItemCommand(gone));
    await depot.owner.owner.put('Item', 'n20', { name: 'second' });
    await depot.cloud.idle();
    await plant('lenient', 'n20', 'version', { N: '1' });
    await plant('lenient', 'n21', 'version', { N: '9' });
    await plant('lenient', 'n22', 'digest', { S: 'x'.repeat(43) });
    await plant('lenient', 'n23', 'data', { S: '{"name":"tampered"}' });
    await depot.send('lenient', 'orphan', bodyOf(item('orphan', 4, { name: 'orphan' })));
    // A deletion that expired in the cache isn't a difference.
    const expired = { TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'n2' }) };
    await depot.client.send(new DeleteItemCommand(expired));
    await depot.cloud.idle();
    const found = await reconciled('lenient');
    expect(found.code).toBe(1);
    expect(differences(found)).toEqual({
      é: 'missing',
      n20: 'behind',
      n21: 'ahead',
      n22: 'different',
      n23: 'different',
      orphan: 'unowned',
    });
    expect(found.result.types.Item).toEqual({ equal: 65, missing: 1, behind: 1, ahead: 1, different: 2, unowned: 1 });
    const { out, err } = await depot.run('reconcile', 'lenient');
    expect(out).toContain('lenient Item: 65 equal, 1 missing, 1 behind, 1 ahead, 2 different, 1 unowned\n');
    expect(out).toContain("  Item/orphan is unowned: the cache has version 4, its owner doesn't have the entity\n");
    expect(err).toContain('docs/restore.md');
    expect(err).toContain('npm run -s freshet -- reconcile lenient --repair');
  });

  test('freshet reconcile --repair repairs all differences except those that only a person can judge', async () => {
    for (const id of ['n21', 'n22', 'n23']) await depot.owner.owner.put('Item', id, { name: `mended ${id}` });
    await depot.cloud.idle();
    // n21 is still ahead: version 2 at the owner, version 9 in the cache.
    const repaired = await reconciled('lenient', '--repair', '--yes');
    expect(repaired).toMatchObject({ code: 1, result: { left: [{ id: 'n21', difference: 'ahead' }] } });
    expect(await depot.owner.owner.get('Item', 'orphan')).toMatchObject({ version: 5, stateJson: undefined });
    expect(await depot.cache('lenient').reader.get('Item', 'orphan')).toMatchObject({ status: 'deleted', version: 5 });
    await plant('lenient', 'n21', 'version', { N: '1' });
    const { code, out } = await depot.run('reconcile', 'lenient', '--repair', '--yes');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining('1 of 1 differences repaired\nlenient equals its owners\n'),
    });
    expect(await reconciled('lenient')).toMatchObject({ code: 0, result: { differences: [] } });
  });

  test('freshet reconcile ends on Ctrl-C with exit code 130', async () => {
    await depot.client.send(
      new DeleteItemCommand({ TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'n30' }) }),
    );
    depot.cloud.functions.setReservedConcurrency(depot.owner.deployed.relay, 0);
    const reconcile = startHere(['reconcile', 'lenient', '--repair', '--yes'], depot.folder);
    await expect.poll(() => reconcile.out(), slow).not.toBe('');
    reconcile.interrupt();
    expect(await reconcile.ended).toMatchObject({ code: 130 });
    depot.cloud.functions.setReservedConcurrency(depot.owner.deployed.relay, undefined);
    expect((await reconciled('lenient', '--repair', '--yes')).code).toBe(0);
  });
});

describe('freshet restore', slow, () => {
  test('freshet restore makes every cache equal to the restored owner, although the caches held newer versions', async () => {
    const { table } = depot.owner.deployed;
    const { owner } = depot.owner;
    const backup = await itemsOf(table);
    for (const id of ['n40', 'n41', 'n42']) await owner.put('Item', id, { name: 'after the backup' });
    await owner.delete('Item', 'n43');
    await owner.put('Item', 'n1', { name: 'created again after the backup' });
    await owner.put('Item', 'created', { name: 'after the backup' });
    await depot.cloud.idle();

    await remove(table, keyItem({ type: 'Item', id: 'created' }));
    for (const one of backup) await depot.client.send(new PutItemCommand({ TableName: table, Item: one }));
    await depot.cloud.idle();
    expect(differences(await reconciled('strict'))).toEqual({
      n40: 'ahead',
      n41: 'ahead',
      n42: 'ahead',
      n43: 'ahead',
      n1: 'ahead',
      created: 'unowned',
    });

    depot.useContracts('test/cli/depot/restored.ts');
    const first = await depot.json<object>('restore', 'depot', '--yes');
    expect(first).toEqual({ code: 0, result: { owner: 'depot', lifted: 71, unchanged: 0, buried: 1, left: [] } });
    for (const cache of ['strict', 'lenient'] as const) {
      expect(await reconciled(cache)).toMatchObject({ code: 0, result: { differences: [] } });
      const { reader } = depot.cache(cache);
      expect(await reader.get('Item', 'n40')).toMatchObject({ version: EPOCH_SIZE + 1, value: { name: 'n40' } });
      expect(await reader.get('Item', 'n1')).toMatchObject({ status: 'deleted', version: EPOCH_SIZE + 2 });
      expect(await reader.get('Item', 'created')).toMatchObject({ status: 'deleted', version: EPOCH_SIZE + 2 });
    }
    const { code, out } = await depot.run('restore', 'depot', '--yes');
    expect({ code, out }).toEqual({
      code: 0,
      out:
        'depot: 0 entities lifted into epoch 1, 72 already in it, 0 deleted because only caches had them\n' +
        'every cache equals its owner\n',
    });
    const put = await depot.run('put', 'Item', 'n40', '--data', '{"name":"the new epoch"}');
    expect(put.out).toContain(`changed, version ${EPOCH_SIZE + 2}`);
  });

  test('freshet restore refuses a second restore without a higher epoch, and deletes nothing', async () => {
    const { table } = depot.owner.deployed;
    const backup = await itemsOf(table);
    await depot.run('put', 'Item', 'n41', '--data', '{"name":"after the second backup"}');
    await depot.run('put', 'Item', 'lost', '--data', '{"name":"after the second backup"}');
    await depot.cloud.idle();
    await remove(table, keyItem({ type: 'Item', id: 'lost' }));
    for (const one of backup) await depot.client.send(new PutItemCommand({ TableName: table, Item: one }));
    await depot.cloud.idle();
    const { code, err } = await depot.run('restore', 'depot', '--yes');
    expect(code).toBe(2);
    expect(err).toContain('Raise the epoch');
    expect(await depot.cache('strict').reader.get('Item', 'lost')).toMatchObject({ status: 'found' });
  });

  test('freshet reconcile --repair asks before the owner deletes entities that only caches have', async () => {
    const { code, err } = await depot.run('reconcile', 'strict', '--repair');
    expect(code).toBe(2);
    expect(err).toContain('Add --yes');
    expect(await depot.cache('strict').reader.get('Item', 'lost')).toMatchObject({ status: 'found' });
  });
});
