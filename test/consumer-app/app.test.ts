import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createOwner, createReader, FreshetError, type Owner, type Reader } from 'freshet-aws';
import {
  cacheIn,
  cloudClient,
  inMemoryReader,
  type LocalCloud,
  ownerIn,
  startLocalCloud,
  synthesise,
} from 'freshet-local';
import geography from './geography.ts';
import ordering from './ordering.ts';
import warehouse from './warehouse.ts';

const germany = { name: 'Germany', region: 'Europe', calling: '+49' };
const france = { name: 'France', region: 'Europe', calling: '+33' };

describe('the app on the local cloud', () => {
  let cloud: LocalCloud;
  let client: ReturnType<typeof cloudClient>;
  let owner: Owner<typeof geography.owns>;
  let caches: { ordering: Reader<typeof ordering.caches>; warehouse: Reader<typeof warehouse.caches> };

  before(async () => {
    cloud = await startLocalCloud({ assembly: await synthesise(import.meta.dirname) });
    client = cloudClient(cloud);
    owner = createOwner({ boundary: geography, client, tableName: ownerIn(cloud, geography).table });
    caches = {
      ordering: createReader({ boundary: ordering, client, tableName: cacheIn(cloud, ordering).table }),
      warehouse: createReader({ boundary: warehouse, client, tableName: cacheIn(cloud, warehouse).table }),
    };
  });
  after(async () => {
    client?.destroy();
    await cloud?.stop();
  });

  test('an entity that the owner puts is read from both caches, from each with the fields that it keeps', async () => {
    assert.equal((await owner.put('Country', 'DE', germany)).version, 1);
    await owner.put('Country', 'FR', france);
    await cloud.idle();
    const inOrdering = await caches.ordering.get('Country', 'DE');
    assert.equal(inOrdering.status === 'found' && inOrdering.version, 1);
    assert.deepEqual(inOrdering.status === 'found' && inOrdering.value, germany);
    const inWarehouse = await caches.warehouse.get('Country', 'DE');
    assert.deepEqual(inWarehouse.status === 'found' && inWarehouse.value, { name: 'Germany' });
    const listed: string[] = [];
    for await (const { value } of caches.ordering.listAllBy('Country', 'region', 'Europe')) listed.push(value.calling);
    assert.deepEqual(listed, ['+49', '+33']);
  });

  test('an entity that the owner deletes is deleted in both caches', async () => {
    await owner.delete('Country', 'FR');
    await cloud.idle();
    for (const reader of Object.values(caches)) assert.equal((await reader.get('Country', 'FR')).status, 'deleted');
  });

  test('the owner refuses a state that its contract does not allow', async () => {
    await assert.rejects(
      // @ts-expect-error: the contract requires more fields
      owner.put('Country', 'XX', { name: 'Nowhere' }),
      (error) => error instanceof FreshetError && error.code === 'InvalidState',
    );
  });
});

test('a reader in memory answers like a cache', async () => {
  const reader = await inMemoryReader(warehouse, [
    { type: 'Country', id: 'DE', state: germany },
    { type: 'Country', id: 'FR', version: 2 },
  ]);
  const found = await reader.get('Country', 'DE');
  assert.deepEqual(found.status === 'found' && found.value, { name: 'Germany' });
  assert.equal((await reader.get('Country', 'FR')).status, 'deleted');
  // @ts-expect-error: the cache doesn't keep the type
  await assert.rejects(reader.get('Currency', 'EUR'), { code: 'UnknownEntityType' });
});
