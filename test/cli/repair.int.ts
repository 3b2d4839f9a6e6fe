import { once } from 'node:events';
import { DeleteItemCommand, PutItemCommand, paginateScan, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Item, keyItem } from '../../adapters/aws/items.ts';
import { EPOCH_SIZE } from '../../core/entity.ts';
import { endOf, freshet } from '../support/command-line.ts';
import { bodyOf, type Depot, expectRefusal, item, type Refusal, startDepot } from './depot/world.ts';

let depot: Depot;
const slow = { timeout: 120_000 };

/** Ids that sort by bytes otherwise than by code units, and others that a list might trip over. */
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

/** Changes a cache's item past its projector. */
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
  test('brings an entity back into the caches that lost it, at its version', async () => {
    for (const cache of ['strict', 'lenient'] as const) {
      await depot.client.send(
        new DeleteItemCommand({ TableName: tableOf(cache), Key: keyItem({ type: 'Item', id: 'n7' }) }),
      );
    }
    const { code, out } = await depot.runAlone('resync', 'Item', 'n7', '--wait');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'depot: Item/n7 version 1 is published once more\nlenient, strict: there\n',
    });
    expect(await depot.cache('lenient').reader.get('Item', 'n7')).toMatchObject({ status: 'found', version: 1 });
  });

  test('says which cache does not hold it when the time is up', async () => {
    await plant('strict', 'n8', 'stopped', { N: '1' });
    await depot.owner.owner.put('Item', 'n8', { name: 'newer' });
    const { code, err } = await depot.run('resync', 'Item', 'n8', '--wait', '1');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^strict doesn't hold it after 1 s/) });
    expect((await depot.run('release', 'strict', 'Item', 'n8')).code).toBe(0);
  });

  test('refuses an entity that never existed, and a type that nobody owns', async () => {
    expect(await depot.run('resync', 'Item', 'never')).toMatchObject({
      code: 2,
      err: expect.stringContaining('has never had Item/never'),
    });
    expect(await depot.run('resync', 'Thing', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('"Thing"') });
  });
});

describe('freshet backfill', slow, () => {
  test('fills a cache that was emptied with all entities and tombstones, and marks it as ready', async () => {
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
    // Nobody else heard of it.
    expect(depot.cloud.messaging.queues.require(depot.cache('strict').deployed.queueUrl).counts().visible).toBe(0);
  });

  test('is interrupted by Ctrl-C, goes on where it was, and begins anew with --restart', async () => {
    await empty('strict');
    const child = freshet(['backfill', 'strict', '--rate', '15'], depot.folder);
    const ended = endOf(child);
    const { reader } = depot.cache('strict');
    await expect.poll(() => reader.readiness('Item'), slow).toMatchObject({ status: 'filling', sent: 30 });
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, err: expect.stringContaining('run it again') });
    const interrupted = await reader.readiness('Item');
    expect(interrupted).toMatchObject({ status: 'filling', sent: expect.any(Number) });
    const again = await depot.runAlone('backfill', 'strict', '--rate', '1000');
    expect(again).toMatchObject({ code: 0, err: expect.stringMatching(/^Item: going on after \d+ events/) });
    expect(again.out).toBe('strict: Item is ready, 70 sent\n');
    await depot.cache('strict').repair.noteReadiness('Item', interrupted);
    await empty('strict');
    const anew = await depot.run('backfill', 'strict', '--rate', '1000', '--restart');
    expect(anew).toMatchObject({ code: 0, err: '', out: 'strict: Item is ready, 70 sent\n' });
    expect((await reconciled('strict')).code).toBe(0);
  });

  test('names what is set aside at the cache instead of waiting for it', async () => {
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
    ['a cache that is none', ['backfill', 'depot'], ['"depot"', 'lenient, strict']],
    ['a type that it does not keep', ['backfill', 'strict', 'Thing'], ['"Thing"', 'It keeps: Item']],
    ['a rate that is none', ['backfill', 'strict', '--rate', '0'], ['"0"', '1 to 10000']],
    ['a type to compare that it does not keep', ['reconcile', 'strict', 'Thing'], ['"Thing"', 'It keeps: Item']],
    ['an owner that is none', ['restore', 'strict'], ['"strict"', 'Known: depot']],
    ['a restore before the epoch was raised', ['restore', 'depot'], ['epoch: 1', 'docs/restore.md']],
  ])('refuses %s with exit code 2', (...refusal) => expectRefusal(depot, refusal));
});

describe('freshet reconcile', slow, () => {
  test('finds what is missing, behind, ahead, different and unowned, and nothing else', async () => {
    const gone = { TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'é' }) };
    await depot.client.send(new DeleteItemCommand(gone));
    await depot.owner.owner.put('Item', 'n20', { name: 'second' });
    await depot.cloud.idle();
    await plant('lenient', 'n20', 'version', { N: '1' });
    await plant('lenient', 'n21', 'version', { N: '9' });
    await plant('lenient', 'n22', 'digest', { S: 'x'.repeat(43) });
    await plant('lenient', 'n23', 'data', { S: '{"name":"tampered"}' });
    await depot.send('lenient', 'orphan', bodyOf(item('orphan', 4, { name: 'orphan' })));
    // A deletion that expired in the cache is no difference.
    const expired = { TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'n2' }) };
    await depot.client.send(new DeleteItemCommand(expired));
    await depot.cloud.idle();
    const found = await reconciled('lenient');
    expect(found.code).toBe(1);
    expect(differences(found)).toEqual({
      ...{ é: 'missing', n20: 'behind', n21: 'ahead', n22: 'different', n23: 'different', orphan: 'unowned' },
    });
    expect(found.result.types.Item).toEqual({ equal: 65, missing: 1, behind: 1, ahead: 1, different: 2, unowned: 1 });
    const { out, err } = await depot.runAlone('reconcile', 'lenient');
    expect(out).toContain('lenient Item: 65 equal, 1 missing, 1 behind, 1 ahead, 2 different, 1 unowned\n');
    expect(out).toContain("  Item/orphan is unowned: version 4, its owner doesn't know it\n");
    expect(err).toContain('docs/restore.md');
    expect(err).toContain('freshet reconcile lenient --repair');
  });

  test('repairs what can be, and leaves what only a person can judge', async () => {
    for (const id of ['n21', 'n22', 'n23']) await depot.owner.owner.put('Item', id, { name: `mended ${id}` });
    await depot.cloud.idle();
    // n21 is still ahead: version 2 there, 9 here.
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

  test('ends on Ctrl-C with exit code 130', async () => {
    await depot.client.send(
      new DeleteItemCommand({ TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'n30' }) }),
    );
    depot.cloud.functions.setReservedConcurrency(depot.owner.deployed.relay, 0);
    const child = freshet(['reconcile', 'lenient', '--repair', '--yes'], depot.folder);
    const ended = endOf(child);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130 });
    depot.cloud.functions.setReservedConcurrency(depot.owner.deployed.relay, undefined);
    expect((await reconciled('lenient', '--repair', '--yes')).code).toBe(0);
  });
});

describe('a restore of the owner from a backup', slow, () => {
  test('ends with every cache equal to what was restored, although they had seen more', async () => {
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
      ...{ n40: 'ahead', n41: 'ahead', n42: 'ahead', n43: 'ahead', n1: 'ahead', created: 'unowned' },
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
      out: "depot: 0 lifted into epoch 1, 72 there already, 0 deleted that it doesn't have\nevery cache equals it\n",
    });
    const put = await depot.run('put', 'Item', 'n40', '--data', '{"name":"the new epoch"}');
    expect(put.out).toContain(`changed, version ${EPOCH_SIZE + 2}`);
  });

  test('made again without raising the epoch again is refused, and nothing is deleted', async () => {
    const { table } = depot.owner.deployed;
    const backup = await itemsOf(table);
    await depot.run('put', 'Item', 'n41', '--data', '{"name":"after the second backup"}');
    await depot.run('put', 'Item', 'lost', '--data', '{"name":"after the second backup"}');
    await depot.cloud.idle();
    await remove(table, keyItem({ type: 'Item', id: 'lost' }));
    for (const one of backup) await depot.client.send(new PutItemCommand({ TableName: table, Item: one }));
    await depot.cloud.idle();
    const { code, err } = await depot.runAlone('restore', 'depot', '--yes');
    expect(code).toBe(2);
    expect(err).toContain('Raise the epoch');
    expect(await depot.cache('strict').reader.get('Item', 'lost')).toMatchObject({ status: 'found' });
  });

  test('asks before the owner deletes what only caches have', async () => {
    const { code, err } = await depot.run('reconcile', 'strict', '--repair');
    expect(code).toBe(2);
    expect(err).toContain('Add --yes');
    expect(await depot.cache('strict').reader.get('Item', 'lost')).toMatchObject({ status: 'found' });
  });
});
