import { DeleteItemCommand, PutItemCommand, paginateScan, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksum, type Item, keyItem } from '../../adapters/aws/items.ts';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { ownerTable } from '../../cli/deployment/names.ts';
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

async function itemOf(cache: 'strict' | 'lenient', id: string): Promise<Item | undefined> {
  return (await itemsOf(tableOf(cache))).find((one) => one.id?.S === id);
}

async function remove(TableName: string, { pk, id }: Item): Promise<void> {
  if (pk === undefined || id === undefined) return;
  await depot.client.send(new DeleteItemCommand({ TableName, Key: { pk, id } }));
}

async function empty(cache: 'strict' | 'lenient'): Promise<void> {
  const items = (await itemsOf(tableOf(cache))).filter(({ pk }) => /^Item#\d$/.test(pk?.S ?? ''));
  await Promise.all(items.map((one) => remove(tableOf(cache), one)));
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

type Counts = Readonly<Record<string, number>>;

interface Reconciled {
  readonly deleted: number;
  readonly types: {
    readonly Item: {
      readonly compared: number;
      readonly found: Counts;
      readonly healed: Counts;
      readonly setAside: number;
      readonly unhealed: number;
      readonly examples: readonly { id: string; difference: string }[];
    };
  };
}
interface Filled {
  readonly types: readonly {
    readonly status: string;
    readonly sent: number;
    readonly setAside: readonly string[];
  }[];
}

function ownerRepair(): string {
  const found = depot.cloud.functions.functions().find(({ name }) => name.includes('OwnerRepair'));
  if (found === undefined) throw new Error('the owner has no repair function');
  return found.name;
}

const reconciled = (...args: readonly string[]) => depot.json<Reconciled>('reconcile', ...args);
const backfilled = (...args: readonly string[]) => depot.json<Filled>('backfill', ...args);
const differences = ({ result }: { result: Reconciled }) =>
  Object.fromEntries(result.types.Item.examples.map(({ id, difference }) => [id, difference]));
/** An entity that changed a moment ago may be newer than the page of its owner, so it is no difference. */
const LONG_AGO = '2026-01-01T00:00:00.000Z';
const NO_HEALED = { missing: 0, behind: 0, different: 0 };
const NOTHING = { ...NO_HEALED, ahead: 0, conflicting: 0, unknown: 0 };

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
      out: 'depot: the publication of Item/n7 version 1 is requested\narrived in lenient, strict\n',
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
  test('new caches fill themselves without a command', async () => {
    for (const cache of ['strict', 'lenient'] as const) {
      await expect
        .poll(() => depot.cache(cache).reader.readiness('Item'), slow)
        .toMatchObject({ status: 'ready', sent: expect.any(Number) });
    }
  });

  test('freshet backfill fills an emptied cache with all entities and tombstones, and no other cache', async () => {
    await empty('lenient');
    const before = await depot.cache('strict').outcomes(3_600_000);
    const { code, result } = await backfilled('lenient', '--restart');
    expect({ code, result }).toMatchObject({
      code: 0,
      result: { types: [{ status: 'ready', sent: 70, setAside: [] }] },
    });
    expect(await depot.cache('lenient').reader.get('Item', 'n1')).toMatchObject({ status: 'deleted', version: 2 });
    expect(await reconciled('lenient')).toMatchObject({
      code: 0,
      result: { types: { Item: { compared: 70, found: NOTHING } } },
    });
    expect(JSON.parse((await depot.run('get', 'lenient', 'Item', 'n3', '--json')).out)).toMatchObject({
      readiness: 'ready',
    });
    expect(await depot.cache('strict').outcomes(3_600_000)).toEqual(before);
  });

  test('freshet backfill goes on in the deployment after Ctrl-C, and a second command follows it', async () => {
    await empty('strict');
    depot.cloud.functions.setReservedConcurrency(ownerRepair(), 0);
    const backfill = startHere(['backfill', 'strict', '--restart'], depot.folder);
    const { reader } = depot.cache('strict');
    await expect.poll(() => reader.readiness('Item'), slow).toMatchObject({ status: 'filling', sent: 0 });
    backfill.interrupt();
    expect(await backfill.ended).toMatchObject({ code: 130, err: expect.stringContaining('the work goes on in') });
    depot.cloud.functions.setReservedConcurrency(ownerRepair(), undefined);
    const noWait = await depot.run('backfill', 'strict', 'Item', '--no-wait');
    expect(noWait).toMatchObject({ code: 0, out: expect.stringMatching(/^strict: Item is (?:not ready yet|ready), /) });
    if (noWait.out.includes('not ready')) expect(noWait.err).toContain('backfill strict Item\n');
    for (const _ of ['follows the backfill', 'leaves a filled cache as it is']) {
      const again = await depot.run('backfill', 'strict');
      expect(again).toMatchObject({ code: 0, out: 'strict: Item is ready, 70 sent\n' });
      expect(again.err).toContain('Item: the cache is filled, or fills itself. --restart fills it again');
    }
    expect((await reconciled('strict')).code).toBe(0);
  });

  test('freshet backfill names the entities whose events are parked at the cache instead of waiting for them', async () => {
    await depot.owner.owner.put('Item', 'n9', { name: 'n9' });
    await depot.send('strict', 'n9', bodyOf(item('n9', 1, { name: 'another' })));
    await depot.cloud.idle();
    await depot.owner.owner.put('Item', 'n9', { name: 'held' });
    await depot.cloud.idle();
    const { code, result } = await backfilled('strict', 'Item', '--restart');
    expect({ code, result }).toMatchObject({
      code: 1,
      result: { types: [{ status: 'ready', setAside: ['Item/n9'] }] },
    });
    expect((await depot.run('release', 'strict', 'Item', 'n9')).code).toBe(0);
  });

  test.each<Refusal>([
    ['an unknown cache', ['backfill', 'depot'], ['"depot"', 'lenient, strict']],
    ['a type that the cache does not keep', ['backfill', 'strict', 'Thing'], ['"Thing"', 'It keeps: Item']],
    [
      'the comparison of a type that the cache does not keep',
      ['reconcile', 'strict', 'Thing'],
      ['"Thing"', 'It keeps: Item'],
    ],
    [
      'a survey of an owner that adopts nothing',
      ['survey', 'depot'],
      ['depot adopts no existing table', 'reconcile CACHE'],
    ],
    ['an unknown owner', ['restore', 'strict'], ['"strict"', 'Known: depot']],
    ['a dry run that deletes', ['reconcile', 'strict', '--dry-run', '--delete-unknown'], ['cannot be used with']],
    ['a restore before the epoch was raised', ['restore', 'depot'], ['epoch: 1', 'docs/restore.md']],
  ])('%s is refused with exit code 2', (...refusal) => expectRefusal(depot, refusal));
});

describe('freshet reconcile', slow, () => {
  test('freshet reconcile finds what is missing, behind, changed, conflicting, ahead and unknown, and no others', async () => {
    const gone = { TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'é' }) };
    await depot.client.send(new DeleteItemCommand(gone));
    await depot.owner.owner.put('Item', 'n20', { name: 'second' });
    await depot.cloud.idle();
    const old = (await itemOf('lenient', 'n19')) ?? {};
    await depot.owner.owner.put('Item', 'n19', { name: 'second' });
    await depot.cloud.idle();
    await depot.client.send(new PutItemCommand({ TableName: tableOf('lenient'), Item: old }));
    await plant('lenient', 'n20', 'version', { N: '1' });
    await plant('lenient', 'n21', 'version', { N: '9' });
    await plant('lenient', 'n23', 'data', { S: '{"name":"tampered"}' });
    const other = (await itemOf('lenient', 'n22')) ?? {};
    const conflicting = { ...other, digest: { S: 'x'.repeat(43) } };
    await depot.client.send(
      new PutItemCommand({
        TableName: tableOf('lenient'),
        Item: { ...conflicting, checksum: { S: checksum(conflicting) } },
      }),
    );
    const ahead = {
      ...other,
      ...keyItem({ type: 'Item', id: 'n24' }),
      version: { N: '7' },
      changedAt: { S: LONG_AGO },
    };
    await depot.client.send(
      new PutItemCommand({ TableName: tableOf('lenient'), Item: { ...ahead, checksum: { S: checksum(ahead) } } }),
    );
    await depot.send('lenient', 'orphan', bodyOf({ ...item('orphan', 4, { name: 'orphan' }), changedAt: LONG_AGO }));
    // A deletion that expired in the cache isn't a difference.
    const expired = { TableName: tableOf('lenient'), Key: keyItem({ type: 'Item', id: 'n2' }) };
    await depot.client.send(new DeleteItemCommand(expired));
    await depot.cloud.idle();
    const found = await reconciled('lenient', '--dry-run');
    expect(found.code).toBe(1);
    expect(differences(found)).toEqual({
      é: 'missing',
      n19: 'behind',
      n20: 'different',
      n21: 'different',
      n23: 'different',
      n22: 'conflicting',
      n24: 'ahead',
      orphan: 'unknown',
    });
    expect(found.result.types.Item).toMatchObject({
      compared: 70,
      found: { missing: 1, behind: 1, different: 3, conflicting: 1, ahead: 1, unknown: 1 },
      healed: NO_HEALED,
    });
  });

  test('freshet reconcile mends all differences except those that only a person can judge', async () => {
    const { code, out, err } = await depot.run('reconcile', 'lenient');
    expect({ code, out }).toEqual({
      code: 1,
      out: expect.stringMatching(
        /^lenient Item: 70 compared, 1 missing, 1 behind, 3 different, 1 ahead, 1 conflicting, 1 unknown\n/,
      ),
    });
    expect(out).toContain('  5 healed\n');
    expect(out).toContain('  Item/orphan unknown (version 4)\n');
    expect(err).toContain('docs/restore.md');
    expect(err).toContain('reconcile --delete-unknown lenient');
    const { reader } = depot.cache('lenient');
    expect(await reader.get('Item', 'n19')).toMatchObject({ version: 2, value: { name: 'second' } });
    expect(await reader.get('Item', 'n20')).toMatchObject({ version: 2, value: { name: 'second' } });
    expect(await reader.get('Item', 'n21')).toMatchObject({ version: 1, value: { name: 'n21' } });
    expect(await reader.get('Item', 'n23')).toMatchObject({ version: 1, value: { name: 'n23' } });
    for (const id of ['n22', 'n24']) await depot.owner.owner.put('Item', id, { name: `mended ${id}` });
    await plant('lenient', 'n24', 'version', { N: '1' });
    await depot.cloud.idle();
    const before = await depot.cache('lenient').notes.inventory('Item');
    expect(await depot.run('reconcile', 'lenient', '--delete-unknown')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Add --yes'),
    });
    // The question comes before the comparison.
    expect(await depot.cache('lenient').notes.inventory('Item')).toEqual(before);
    const deleted = await reconciled('lenient', '--delete-unknown', '--yes');
    expect(deleted).toMatchObject({ code: 0, result: { deleted: 1 } });
    expect(await depot.owner.owner.get('Item', 'orphan')).toMatchObject({ version: 5, stateJson: undefined });
    expect(await reader.get('Item', 'orphan')).toMatchObject({ status: 'deleted', version: 5 });
    const last = await depot.run('reconcile', 'lenient');
    expect(last).toMatchObject({
      code: 0,
      out: 'lenient Item: 71 compared, no difference\nlenient equals its owners\n',
    });
  });

  test('an inventory takes a change that is still in flight for no difference', async () => {
    depot.cloud.functions.setReservedConcurrency(depot.owner.deployed.relay, 0);
    await depot.owner.owner.put('Item', 'n30', { name: 'in flight' });
    const reconcile = startHere(['reconcile', 'lenient', '--json'], depot.folder);
    const note = () => depot.cache('lenient').notes.inventory('Item');
    await expect.poll(async () => Object.keys((await note())?.open ?? {}), slow).toHaveLength(1);
    depot.cloud.functions.setReservedConcurrency(depot.owner.deployed.relay, undefined);
    const { code, out } = await reconcile.ended;
    expect({ code, ...JSON.parse(out).types.Item }).toMatchObject({ code: 0, found: NOTHING, inFlight: 1 });
  });

  test('freshet reconcile ends on Ctrl-C with exit code 130', async () => {
    depot.cloud.functions.setReservedConcurrency(depot.cache('lenient').deployed.projector, 0);
    const reconcile = startHere(['reconcile', 'lenient'], depot.folder);
    const note = () => depot.cache('lenient').notes.inventory('Item');
    await expect.poll(async () => (await note())?.endedAt, slow).toBe(undefined);
    reconcile.interrupt();
    expect(await reconcile.ended).toMatchObject({ code: 130, err: expect.stringContaining('the work goes on in') });
    depot.cloud.functions.setReservedConcurrency(depot.cache('lenient').deployed.projector, undefined);
    expect((await reconciled('lenient')).code).toBe(0);
  });
});

describe('freshet restore', slow, () => {
  test('freshet restore makes every cache equal to the restored owner, although the caches held newer versions', async () => {
    const table = ownerTable(depot.owner);
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
    const compared = await compareCaches(depot.deployment);
    const differing = compared.find(({ cache }) => cache === 'strict')?.differing.map((one) => one.split(':')[0]);
    const ahead = ['n40', 'n41', 'n42', 'n43', 'n1'].map((id) => `Item/${id} is ahead`);
    expect(differing?.sort()).toEqual([...ahead, 'Item/created is unowned'].sort());

    depot.useContracts('test/cli/depot/restored.ts');
    const lifted = await depot.owner.owner.get('Item', 'n40');
    expect(await depot.run('restore', 'depot')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/into epoch 1, and delete .* from lenient, strict\?.*Add --yes/),
    });
    expect(await depot.owner.owner.get('Item', 'n40')).toEqual(lifted);
    const first = await depot.json<object>('restore', 'depot', '--yes');
    expect(first).toEqual({
      code: 0,
      result: { owner: 'depot', lifted: 71, unchanged: 0, buried: 1, compared: ['lenient', 'strict'], left: [] },
    });
    for (const cache of ['strict', 'lenient'] as const) {
      expect(await reconciled(cache)).toMatchObject({ code: 0 });
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
        'compared: lenient, strict. Every one of these caches equals its owner\n',
    });
    const put = await depot.run('put', 'Item', 'n40', '--data', '{"name":"the new epoch"}');
    expect(put.out).toContain(`changed, version ${EPOCH_SIZE + 2}`);
  });

  test('freshet restore refuses a second restore without a higher epoch, and deletes nothing', async () => {
    const table = ownerTable(depot.owner);
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
});
