import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { createParkedReader } from '../../adapters/repair/parked-events.ts';
import geography from '../../examples/shop/geography/contracts.ts';
import ordering from '../../examples/shop/ordering/contracts.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../local/deployed.ts';
import { publishEvent, recordFact } from '../../local/rehearse.ts';
import { assemblyOf, SHOP } from '../support/assembly.ts';
import { sales, shipping } from '../support/sagas.ts';

const currency = (name: string) => ({ name, number: '963', digits: 2, countries: [] });

let cloud: LocalCloud;
let client: ReturnType<typeof cloudClient>;

beforeAll(async () => {
  cloud = await startLocalCloud({ assembly: await assemblyOf(SHOP) });
  client = cloudClient(cloud);
});

afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
});

describe('publishEvent', () => {
  test('an old version that is published again, even twice, does not change the caches', async () => {
    const owner = createOwner({ boundary: geography, tableName: ownerIn(cloud, geography).table, client });
    for (const name of ['first', 'second']) await owner.put('Currency', 'TST', currency(name));
    await cloud.idle();
    const received = receivedByOrdering();
    const old = { type: 'Currency', id: 'TST', version: 1, state: currency('first') };
    await publishEvent(cloud, geography, old);
    await publishEvent(cloud, geography, old);
    await cloud.idle();
    expect(receivedByOrdering() - received).toBe(2);
    const reader = createReader({ boundary: ordering, tableName: cacheIn(cloud, ordering).table, client });
    expect(await reader.get('Currency', 'TST')).toMatchObject({ version: 2, value: currency('second') });
  });

  test('a state that the schema refuses reaches the caches, which park the event', async () => {
    await publishEvent(cloud, geography, { type: 'Currency', id: 'BAD', version: 1, state: { name: 7 } });
    await cloud.idle();
    const { parkingTable } = cacheIn(cloud, ordering);
    const { items } = await createParkedReader({ client, parkingTable }).list();
    expect(items).toMatchObject([{ reason: 'invalid', entity: { type: 'Currency', id: 'BAD' } }]);
  });

  test('a type that the boundary does not own is refused', async () => {
    const event = { type: 'Planet', id: 'X', version: 1, state: {} };
    await expect(publishEvent(cloud, geography, event)).rejects.toMatchObject({ code: 'UnknownEntityType' });
  });
});

describe('recordFact', () => {
  test('a saga that does not run in the local cloud is refused', async () => {
    const ids = { orderId: 'o1', shoppingCartId: 'c1' };
    const recorded = recordFact(cloud, shipping, sales.publishes.OrderPlaced, ids, new Date());
    await expect(recorded).rejects.toThrow('saga: there is no saga "shipping" in this local cloud. Running: none.');
  });
});

/** Messages that ordering's queue has received so far. */
function receivedByOrdering(): number {
  return cloud.messaging.queues.require(cacheIn(cloud, ordering).queueUrl).totals.sent;
}
