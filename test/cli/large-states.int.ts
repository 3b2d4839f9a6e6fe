import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Item, keyItem } from '../../adapters/aws/items.ts';
import { createParkedReader } from '../../adapters/repair/parked-events.ts';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { ownerTable } from '../../cli/deployment/names.ts';
import { MAX_BATCH_BYTES } from '../../core/relay/message.ts';
import { records } from '../support/compressible.ts';
import { type Depot, startDepot } from './depot/world.ts';

/** A state of 3 MiB whose event is larger than a message of a topic whose limit isn't raised. */
const STATE = { name: JSON.stringify(records(52_000)) };
const NAME = keyItem({ type: 'Item', id: 'large' });
const slow = { timeout: 120_000 };

let depot: Depot;
let folder: string;

beforeAll(async () => {
  [depot, folder] = await Promise.all([startDepot(), mkdtemp(join(tmpdir(), 'freshet-large-'))]);
  await writeFile(join(folder, 'state.json'), JSON.stringify(STATE, undefined, 2));
}, 120_000);
afterAll(async () => {
  await depot?.stop();
  await rm(folder, { recursive: true, force: true });
});

const itemIn = async (TableName: string): Promise<Item | undefined> =>
  (await depot.client.send(new GetItemCommand({ TableName, Key: NAME }))).Item;
const cached = (cache: 'strict' | 'lenient') => depot.cache(cache).reader.get('Item', 'large');

describe('a state of 3 MiB', slow, () => {
  test('a state of 3 MiB is put, stored compressed by its owner, and reaches the caches', async () => {
    expect(JSON.stringify(STATE).length).toBeGreaterThan(3 * 1024 * 1024);
    const { code, out } = await depot.run('put', 'Item', 'large', '--file', join(folder, 'state.json'));
    expect({ code, out }).toEqual({ code: 0, out: 'depot: Item/large created, version 1\n' });
    await depot.cloud.idle();
    const form = (await itemIn(ownerTable(depot.owner)))?.compressed?.B;
    expect(((form?.length ?? 0) * 4) / 3).toBeGreaterThan(MAX_BATCH_BYTES);
    // This cache keeps the whole state, so it stores what came.
    expect((await itemIn(depot.cache('strict').deployed.table))?.compressed?.B).toEqual(form);
    for (const cache of ['strict', 'lenient'] as const) {
      expect(await cached(cache)).toMatchObject({ status: 'found', version: 1, value: STATE });
    }
  });

  test('the commands read it from the owner and from a cache', async () => {
    const { result } = await depot.json<{ value: object }>('get', 'strict', 'Item', 'large');
    expect(result.value).toEqual(STATE);
    for (const from of ['depot', 'lenient']) {
      const { out } = await depot.run('export', from, 'Item');
      const lines = out.split('\n').filter((line) => line.includes('"id":"large"'));
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ id: 'large', version: 1 }]);
      expect(out).toContain(JSON.stringify(STATE.name).slice(1, -1));
    }
    const { out, code } = await depot.run('why', 'strict', 'Item', 'large', '--json');
    expect(code).toBe(0);
    expect(out.length).toBeLessThan(10_000);
  });

  test('a change, a resync and a deletion of it arrive', async () => {
    await depot.owner.owner.put('Item', 'large', { name: `${STATE.name} ` });
    await depot.cloud.idle();
    expect(await cached('strict')).toMatchObject({ version: 2, value: { name: `${STATE.name} ` } });
    await depot.client.send(new DeleteItemCommand({ TableName: depot.cache('strict').deployed.table, Key: NAME }));
    expect((await depot.run('resync', 'Item', 'large', '--wait')).code).toBe(0);
    expect(await cached('strict')).toMatchObject({ version: 2 });
    await depot.owner.owner.delete('Item', 'large');
    await depot.owner.owner.put('Item', 'large', STATE);
    await depot.cloud.idle();
    expect(await cached('strict')).toMatchObject({ version: 4, value: STATE });
  });

  test('a backfill brings it into a cache that lost it, and an inventory finds both equal', async () => {
    await expect.poll(() => depot.cache('lenient').reader.readiness('Item'), slow).toMatchObject({ status: 'ready' });
    await expect.poll(() => depot.cache('strict').reader.readiness('Item'), slow).toMatchObject({ status: 'ready' });
    await depot.client.send(new DeleteItemCommand({ TableName: depot.cache('strict').deployed.table, Key: NAME }));
    expect(await depot.json('backfill', 'strict', '--restart')).toMatchObject({
      code: 0,
      result: { types: [{ status: 'ready', sent: 1, setAside: [] }] },
    });
    expect(await cached('strict')).toMatchObject({ version: 4, value: STATE });
    for (const cache of ['strict', 'lenient']) {
      const { code, result } = await depot.json('reconcile', cache);
      expect({ code, result }).toMatchObject({ code: 0, result: { types: { Item: { compared: 1, unhealed: 0 } } } });
    }
    expect(await compareCaches(depot.deployment)).toEqual([
      { cache: 'lenient', equal: 1, differing: [] },
      { cache: 'strict', equal: 1, differing: [] },
    ]);
  });

  test('an event of it that is parked is shown, and applied when it is tried again', async () => {
    const { table, parkingTable } = depot.cache('lenient').deployed;
    await depot.client.send(new DeleteItemCommand({ TableName: table, Key: NAME }));
    const form = Buffer.from((await itemIn(ownerTable(depot.owner)))?.compressed?.B ?? []);
    const owned = await depot.owner.owner.get('Item', 'large');
    const at = new Date().toISOString();
    const body = JSON.stringify({
      ...{
        specversion: '1.0',
        id: 'Item/large@4',
        source: 'urn:freshet:depot',
        type: 'Item',
        subject: 'large',
        time: at,
      },
      ...{ datacontenttype: 'application/gzip', kind: 'state', entityversion: '4', digest: owned?.digest },
      ...{ schemaversion: 1, publishedat: at, data_base64: form.toString('base64') },
    });
    const key = await depot.park('lenient', 'large', body);
    const [parked] = await createParkedReader({ client: depot.client, parkingTable }).ofGroup('Item/large');
    expect(parked?.message.body).toBe(body);
    expect((await depot.run('parked', 'show', 'lenient', key)).out).toContain('application/gzip');
    expect((await depot.run('parked', 'redrive', 'lenient', key)).code).toBe(0);
    expect(await cached('lenient')).toMatchObject({ version: 4, value: STATE });
  });

  test('a damaged form of it is parked as malformed, and no line of a log contains data', async () => {
    const form = Buffer.from((await itemIn(ownerTable(depot.owner)))?.compressed?.B ?? []);
    const at = new Date().toISOString();
    const body = JSON.stringify({
      ...{
        specversion: '1.0',
        id: 'Item/large@5',
        source: 'urn:freshet:depot',
        type: 'Item',
        subject: 'large',
        time: at,
      },
      ...{ datacontenttype: 'application/gzip', kind: 'state', entityversion: '5', digest: 'd'.repeat(43) },
      ...{ schemaversion: 1, publishedat: at, data_base64: form.subarray(0, -9).toString('base64') },
    });
    await depot.send('lenient', 'large', body);
    await depot.cloud.idle();
    const { out } = await depot.run('parked', 'list', 'lenient');
    expect(out).toContain('malformed');
    const logged = (await depot.run('logs', '--json', '--since', '1h')).out;
    expect(logged).toContain('malformed');
    for (const secret of ['Commodity', form.toString('base64').slice(100, 140)]) expect(logged).not.toContain(secret);
    expect(depot.cloud.access.denials).toEqual([]);
  });
});
