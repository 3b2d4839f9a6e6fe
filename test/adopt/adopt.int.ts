import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCopyTable } from '../../adapters/adopt/copy-table.ts';
import { createSurveyNotes } from '../../adapters/adopt/surveying.ts';
import { ATTRIBUTE, type Item, keyItem } from '../../adapters/aws/items.ts';
import { createFlowStore } from '../../adapters/govern/flow-table.ts';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { localFileOf, writeLocalFile } from '../../cli/deployment/local-file.ts';
import { HEARTBEAT_ID } from '../../core/entity.ts';
import { sideBySide } from '../../core/side-by-side.ts';
import { canonicalState } from '../../core/state.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../local/deployed.ts';
import { removeFolders, temporaryFolder } from '../local/provision/assembly-fixture.ts';
import { root, runHere, startHere } from '../support/command-line.ts';
import { setTestCredentials } from '../support/credentials.ts';
import { synthesised, TABLE } from './app.ts';
import basket, { catalogue } from './contracts.ts';
import { offer, openProducts } from './products.ts';
import { openUsers } from './users.ts';

let cloud: LocalCloud;
let client: DynamoDBClient;
let products: ReturnType<typeof openProducts>;
let reader: ReturnType<typeof createReader<typeof basket>>;
const logged: string[] = [];

/** Items from before the table had a stream: more than a page of a survey. */
const OLD = Array.from({ length: 150 }, (_, n) => `old-${n}`);

beforeAll(async () => {
  setTestCredentials();
  cloud = await startLocalCloud({ assembly: synthesised(false), onLog: (_, line) => logged.push(line) });
  client = cloudClient(cloud);
  products = openProducts(client);
  // The table has no stream yet, so these items are in no record.
  await sideBySide(OLD, 10, (sku) => products.put(sku, 7));
  await cloud.apply(synthesised(true));

  reader = createReader({ boundary: basket, client, tableName: cacheIn(cloud, basket).table });
}, 60_000);
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
  removeFolders();
});

/** All items of the existing table. */
async function itemsOf(): Promise<Item[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE }));
  return Items;
}

function folderOfCommands(): string {
  const folder = temporaryFolder();
  const file = localFileOf(cloud);
  writeLocalFile(folder, {
    ...file,
    deployed: file.deployed.map((value) => value.replace('test/adopt', join(root, 'test/adopt'))),
  });
  return folder;
}

/** The time that a type's newest heartbeat vouches for, after the schedules have run. */
async function vouchedFor(type: 'Product' | 'Offer'): Promise<number> {
  await cloud.tick();
  const owner = createOwner({ boundary: catalogue, tableName: ownerIn(cloud, catalogue).table, client });
  return Date.parse((await owner.get(type, HEARTBEAT_ID))?.changedAt ?? '');
}

const cacheTable = () => cacheIn(cloud, basket).table;
const flowTable = () => ownerIn(cloud, catalogue).flowTable;

const surveyNote = () => createSurveyNotes(client, flowTable()).read(catalogue.name);

/** The note of the last survey that has ended. */
async function surveyed() {
  const note = await surveyNote();
  return note?.endedAtMs === undefined ? undefined : note;
}

/** Stores a flow state, as the governor does. */
async function decide(state: 'normal' | 'refusing'): Promise<void> {
  const decidedAtMs = Date.now();
  const validUntilMs = decidedAtMs + 600_000;
  const decision = { state, levels: {}, retryAfterSeconds: 60, missing: [], decidedAtMs, validUntilMs };
  await createFlowStore({ client, tableName: flowTable() }).saveDecision(decision);
}

const freshet = (...args: readonly string[]) => runHere(args, folderOfCommands());

describe('an existing table that plain SDK code writes', { timeout: 120_000 }, () => {
  test('the items from before are cached too, with their versions', async () => {
    await expect.poll(surveyed, { timeout: 100_000 }).toMatchObject({ isFirst: true, refused: 0 });
    await cloud.idle();
    for (const sku of OLD) {
      const value = { name: `${sku} 7`, price: '1.5' };
      expect(await reader.get('Product', sku)).toMatchObject({ status: 'found', version: 7, value });
    }
  });

  test('its items are cached with the version of the item, in the declared form', async () => {
    const rest = {
      tags: { SS: ['b', 'a'] },
      photo: { B: new Uint8Array([0, 255]) },
      note: { NULL: true },
      other: { N: '1' },
    };
    await products.put('bolt', 3, { ...rest, price: { N: '12345678901234567890.5' } });
    await products.putItem(offer('bolt'));
    await products.putItem({ pk: { S: 'ORDER#1' }, sk: { S: 'ORDER' } });
    await cloud.idle();
    expect(await reader.get('Product', 'bolt')).toMatchObject({
      status: 'found',
      version: 3,
      value: { name: 'bolt 3', price: '12345678901234567890.5', tags: ['a', 'b'], photo: 'AP8=', note: null },
    });
    expect(await reader.get('Offer', 'bolt')).toMatchObject({ version: 1, value: { percent: 5 } });
  });

  test('a deleted item is deleted in the cache, and its re-creation at version 1 does not go back', async () => {
    await products.remove('bolt');
    await cloud.idle();
    expect(await reader.get('Product', 'bolt')).toMatchObject({ status: 'deleted', version: 4 });
    await products.put('bolt', 1);
    await products.put('bolt', 2);
    await cloud.idle();
    expect(await reader.get('Product', 'bolt')).toMatchObject({ version: 6, value: { name: 'bolt 2' } });
  });

  test('users that DynamoDB-Toolbox writes are cached with its version, changed and deleted', async () => {
    const users = openUsers(cloud.endpoints.dynamodb);
    await users.create('ada', 'Ada');
    await cloud.idle();
    expect(await reader.get('User', 'ada')).toMatchObject({ version: 1, value: { name: 'Ada' } });
    await users.rename('ada', 'Ada L.');
    await cloud.idle();
    expect(await reader.get('User', 'ada')).toMatchObject({ version: 2, value: { name: 'Ada L.' } });
    await users.remove('ada');
    users.close();
    await cloud.idle();
    expect(await reader.get('User', 'ada')).toMatchObject({ status: 'deleted', version: 3 });
  });

  test('a large state is copied in its compressed form, and a small one after it in its plain form', async () => {
    const name = 'a long name '.repeat(1_000);
    await products.put('large', 1, { name: { S: name } });
    await cloud.idle();
    expect(await reader.get('Product', 'large')).toMatchObject({ version: 1, value: { name } });
    await products.put('large', 2);
    await cloud.idle();
    expect(await reader.get('Product', 'large')).toMatchObject({ version: 2, value: { name: 'large 2' } });
    await products.remove('large');
    await cloud.idle();
    expect(await reader.get('Product', 'large')).toMatchObject({ status: 'deleted', version: 3 });
  });

  test('a change that does not raise the version is set aside with its reason, and never published', async () => {
    await products.put('nut', 1);
    await products.renameInHaste('nut', 'forgotten');
    await cloud.idle();
    expect(await reader.get('Product', 'nut')).toMatchObject({ version: 1, value: { name: 'nut 1' } });
    const listed = await runHere(['parked', 'list', 'catalogue'], folderOfCommands());
    expect(listed.out).toMatch(/version-not-raised/);
    expect(listed.out).toMatch(/Product\/nut/);
    const redriven = await runHere(['parked', 'redrive', 'catalogue', '--entity', 'nut'], folderOfCommands());
    expect(redriven).toMatchObject({ code: 1, out: expect.stringMatching(/unpublished .*raise its version/) });
    const why = await runHere(['why', 'basket', 'Product', 'nut'], folderOfCommands());
    expect(why).toMatchObject({ code: 1, out: expect.stringMatching(/adopter +running.*not-published.*discard/s) });
    await products.put('nut', 2);
    await cloud.idle();
    expect(await reader.get('Product', 'nut')).toMatchObject({ version: 2, value: { name: 'nut 2' } });
  });

  test('an item that DynamoDB removes because of its time to live is deleted in the cache, as the contract says', async () => {
    const { adopter } = ownerIn(cloud, catalogue);
    const { invoke } = cloud.functions;
    // The local DynamoDB removes no items by itself, so a deletion gets the identity that a removal has on AWS.
    const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };
    const removals: string[] = [];
    const spy = vi.spyOn(cloud.functions, 'invoke').mockImplementation((name, event, kill) => {
      if (name !== adopter) return invoke(name, event, kill);
      const { Records } = event as DynamoDBStreamEvent;
      const seen = Records.map((record) => {
        if (record.eventName !== 'REMOVE') return record;
        removals.push(record.dynamodb?.Keys?.sk?.S ?? '');
        return { ...record, userIdentity };
      });
      return invoke(name, { Records: seen }, kill);
    });
    try {
      await products.putItem(offer('washer'));
      await products.put('washer', 1);
      await cloud.idle();
      await products.remove('washer', 'OFFER');
      await products.remove('washer');
      await cloud.idle();
    } finally {
      spy.mockRestore();
    }
    expect(removals.sort()).toEqual(['OFFER', 'PRODUCT']);
    expect(await reader.get('Offer', 'washer')).toMatchObject({ status: 'deleted', version: 2 });
    // A product is kept: its mapping has no `deletedByExpiry`.
    expect(await reader.get('Product', 'washer')).toMatchObject({ status: 'found', version: 1 });
    await products.put('washer', 2);
    await products.remove('washer');
    await cloud.idle();
    expect(await reader.get('Product', 'washer')).toMatchObject({ status: 'deleted', version: 3 });
  });

  test('freshet resync brings an adopted entity back into a cache that lost it, at its version', async () => {
    const entity = { type: 'Product', id: 'old-4' };
    await client.send(new DeleteItemCommand({ TableName: cacheTable(), Key: keyItem(entity) }));
    expect(await reader.get('Product', 'old-4')).toMatchObject({ status: 'unknown' });
    const { code, out, err } = await freshet('resync', 'Product', 'old-4', '--wait');
    expect({ code, err }).toEqual({ code: 0, err: expect.any(String) });
    expect(out).toMatch(/basket/);
    expect(await reader.get('Product', 'old-4')).toMatchObject({ version: 7, value: { name: 'old-4 7' } });
  });

  test('an inexact number of an attribute that the mapping reads is set aside', async () => {
    await products.putItem(offer('big', { percent: { N: '0.12345678901234567890123' } }));
    await cloud.idle();
    expect(await reader.get('Offer', 'big')).toMatchObject({ status: 'unknown' });
    const listed = await runHere(['parked', 'list', 'catalogue', '--reason', 'inexact-number'], folderOfCommands());
    expect(listed.out).toMatch(/Offer\/big/);
  });

  test('freshet put, delete and import of an adopted type are refused', async () => {
    const folder = folderOfCommands();
    const file = join(folder, 'rows.ndjson');
    writeFileSync(file, '{"id":"a","percent":5}\n');
    for (const args of [
      ['put', 'Offer', 'a', '--data', '{"percent":5}'],
      ['delete', 'Offer', 'bolt'],
      ['import', 'Offer', file, '--id', 'id'],
    ]) {
      const { code, err } = await runHere(args, folder);
      expect([code, err]).toEqual([2, expect.stringContaining('Offer is adopted')]);
    }
  });

  test('a survey mends what the stream lost: a change, a deletion and a new item', async () => {
    const copies = createCopyTable({ client, tableName: ownerIn(cloud, catalogue).table });
    const lose = async (id: string, version: number) => {
      const entity = { type: 'Product', id };
      const { json, digest } = canonicalState(entity, { name: 'lost', price: '9' });
      const content = { version, base: 0, digest, json, schemaVersion: 1, changedAt: new Date().toISOString() };
      const expected = await copies.read(entity);
      const source = { kind: 'record', position: '0', atMs: 0 } as const;
      expect(await copies.write(entity, content, { expected, source, isPredicted: false })).toEqual({ taken: true });
    };
    await lose('ghost', 3);
    await lose('old-1', 9);
    await cloud.idle();
    expect(await reader.get('Product', 'ghost')).toMatchObject({ status: 'found' });
    // An item that can't be published is set aside again in each survey, which is why the command fails.
    const { code, out, err } = await freshet('survey', 'catalogue');
    await cloud.idle();
    expect({ code, out }).toEqual({
      code: 1,
      out: expect.stringMatching(/^catalogue: \d+ compared, 1 mended, 1 deleted, 1 set aside\n$/),
    });
    expect(err).toMatch(/^reading the items of the table\ncomparing the copies of Product.*parked list catalogue/s);
    expect(err).toMatch(/compared, 2 to look at again once the adopter has copied the latest changes$/m);
    expect(await surveyed()).toMatchObject({ isFirst: false, mended: 1, deleted: 1 });
    expect(await reader.get('Product', 'ghost')).toMatchObject({ status: 'deleted', version: 4 });
    expect(await reader.get('Product', 'old-1')).toMatchObject({ version: 10, value: { name: 'old-1 7' } });
    await products.put('old-1', 8);
    await cloud.idle();
    expect(await reader.get('Product', 'old-1')).toMatchObject({ version: 11, value: { name: 'old-1 8' } });
  });

  test('a change that the adopter has yet to copy is no loss: the survey waits, and mends nothing', async () => {
    const { adopter = '' } = ownerIn(cloud, catalogue);
    cloud.functions.setReservedConcurrency(adopter, 0);
    try {
      await products.put('old-2', 8);
      await products.put('brand-new', 1);
      await products.remove('old-3');
      const begun = await freshet('survey', 'catalogue', '--no-wait', '--json');
      expect(begun.code).toBe(0);
      const looksAgain = async () => (await surveyNote())?.suspects?.entities.map(({ id }) => id).sort();
      await expect.poll(looksAgain, { timeout: 60_000 }).toEqual(['brand-new', 'old-2', 'old-3']);
    } finally {
      cloud.functions.setReservedConcurrency(adopter, undefined);
    }
    expect(await surveyed()).toBeUndefined();
    await expect.poll(async () => [await cloud.tick(), await surveyed()][1], { timeout: 100_000 }).toBeDefined();
    expect(await surveyed()).toMatchObject({ isFirst: false, mended: 0, deleted: 0, refused: 1 });
    await cloud.idle();
    expect(await reader.get('Product', 'old-2')).toMatchObject({ version: 8 });
    expect(await reader.get('Product', 'brand-new')).toMatchObject({ version: 1 });
    expect(await reader.get('Product', 'old-3')).toMatchObject({ status: 'deleted', version: 8 });
    await products.remove('brand-new');
    await cloud.idle();
  });

  test('freshet survey joins the survey that runs, --no-wait ends at once, and Ctrl-C leaves the survey running', async () => {
    const { governor } = ownerIn(cloud, catalogue);
    let startedAt = '';
    cloud.functions.setReservedConcurrency(governor, 0);
    try {
      await decide('refusing');
      // A surveyor uses a decision that it has read for 5 seconds, so the first surveys may run to their end.
      const waits = async () => {
        const begun = await freshet('survey', 'catalogue', '--no-wait', '--json');
        expect(begun.code).toBe(0);
        startedAt = JSON.parse(begun.out).startedAt;
        await cloud.idle();
        return surveyed();
      };
      await expect.poll(waits, { timeout: 60_000, interval: 1_000 }).toBeUndefined();
      const interrupted = startHere(['survey', 'catalogue'], folderOfCommands());
      await expect.poll(interrupted.err, { timeout: 60_000 }).toMatch(/waits until the flow state is normal: refusing/);
      interrupted.interrupt();
      expect(await interrupted.ended).toMatchObject({
        code: 130,
        out: '',
        err: expect.stringMatching(/the survey goes on in the local cloud .*to follow it: .*survey catalogue/),
      });
    } finally {
      await decide('normal');
      cloud.functions.setReservedConcurrency(governor, undefined);
    }
    const joined = await freshet('survey', 'catalogue', '--json');
    expect(joined.err).toContain(`following the survey that began at ${startedAt}\n`);
    const result = JSON.parse(joined.out);
    expect(result).toMatchObject({ owner: 'catalogue', startedAt, mended: 0, deleted: 0, refused: 1 });
    expect(result.compared).toBeGreaterThan(OLD.length);
  });

  test('freshet survey of an unknown owner is refused, and of a stopped surveyor fails', async () => {
    expect(await freshet('survey', 'basket')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/Known: catalogue/),
    });
    const { surveyor = '' } = ownerIn(cloud, catalogue);
    cloud.functions.setReservedConcurrency(surveyor, 0);
    try {
      expect(await freshet('survey', 'catalogue')).toMatchObject({
        code: 1,
        err: expect.stringContaining('TooManyRequestsException'),
      });
    } finally {
      cloud.functions.setReservedConcurrency(surveyor, undefined);
    }
  });

  test('the cache is vouched for while the adopter runs, and no longer while it is stopped', async () => {
    const staleness = async () => {
      await cloud.tick();
      return (await reader.get('Product', 'old-1')).stalenessMs;
    };
    await expect.poll(staleness, { timeout: 60_000 }).toBeLessThan(60_000);
    expect(await vouchedFor('Product')).toBeGreaterThan(0);
    const { adopter = '' } = ownerIn(cloud, catalogue);
    cloud.functions.setReservedConcurrency(adopter, 0);
    await expect.poll(() => vouchedFor('Product'), { timeout: 60_000 }).toBe(0);
    expect(await staleness()).toBeLessThan(Number.POSITIVE_INFINITY);
    cloud.functions.setReservedConcurrency(adopter, undefined);
    await expect.poll(() => vouchedFor('Product'), { timeout: 60_000 }).toBeGreaterThan(0);
  });

  test('an inventory of the cache finds no difference from the copies', async () => {
    const isReady = async () => {
      await cloud.tick();
      const all = await Promise.all(
        (['Product', 'Offer', 'User', 'Shelf'] as const).map((type) => reader.readiness(type)),
      );
      return all.every(({ status }) => status === 'ready');
    };
    await expect.poll(isReady, { timeout: 60_000 }).toBe(true);
    expect(await runHere(['reconcile', 'basket'], folderOfCommands())).toMatchObject({
      code: 0,
      out: expect.stringContaining('basket equals its owners'),
      err: '',
    });
  });

  test('freshet reconcile --delete-unknown deletes what only the cache has, and leaves and names adopted entities', async () => {
    const owner = createOwner({ boundary: catalogue, tableName: ownerIn(cloud, catalogue).table, client });
    await owner.put('Shelf', 'one', { aisle: 1 });
    await cloud.idle();
    // The command follows an inventory that runs already, which may have passed the ids below. This one ends it.
    await freshet('reconcile', 'basket');
    const strays = [
      ['Product', 'old-1'],
      ['Shelf', 'one'],
    ] as const;
    for (const [type, id] of strays) {
      const { Item } = await client.send(new GetItemCommand({ TableName: cacheTable(), Key: keyItem({ type, id }) }));
      // An inventory takes an entity of the last seconds for one that is in flight.
      const longAgo = { [ATTRIBUTE.changedAt]: { S: '2026-01-01T00:00:00.000Z' } };
      const stray = { ...Item, ...longAgo, ...keyItem({ type, id: 'stray' }) };
      await client.send(new PutItemCommand({ TableName: cacheTable(), Item: stray }));
    }
    const { code, out, err } = await freshet('reconcile', 'basket', '--delete-unknown', '--yes', '--json');
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 1, deleted: 1, skipped: ['Product/stray'] });
    expect(err).toMatch(/only a survey .*: Product\/stray\n.*survey catalogue/);
    await cloud.idle();
    expect(await reader.get('Shelf', 'stray')).toMatchObject({ status: 'deleted' });
    expect(await reader.get('Product', 'stray')).toMatchObject({ status: 'found' });
    const product = keyItem({ type: 'Product', id: 'stray' });
    await client.send(new DeleteItemCommand({ TableName: cacheTable(), Key: product }));
  });

  test('nothing is written to the existing table, and no function may write to it', async () => {
    expect(
      (await itemsOf())
        .filter(({ sku }) => !OLD.includes(sku?.S ?? ''))
        .map(({ pk, sk, version }) => [pk?.S, sk?.S, version?.N])
        .sort(),
    ).toEqual([
      ['ORDER#1', 'ORDER', undefined],
      ['SKU#big', 'OFFER', '1'],
      ['SKU#bolt', 'OFFER', '1'],
      ['SKU#bolt', 'PRODUCT', '2'],
      ['SKU#nut', 'PRODUCT', '2'],
    ]);
    expect(cloud.access.denials).toEqual([]);
    expect(logged.filter((line) => line.includes('"level":"ERROR"'))).toEqual([]);
  });
});
