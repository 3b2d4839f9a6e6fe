import { setTimeout as pause } from 'node:timers/promises';
import type { State } from 'freshet-aws';
import { publishEvent, type Story } from 'freshet-local';
import catalog from '../catalog/contracts.ts';
import { products } from '../catalog/products.ts';
import { TEST_CARDS } from '../payment/fake-gateway.ts';
import type { ShopClient } from './client.ts';
import { fillShop } from './fill.ts';
import { OWNERS } from './stand-still.ts';
import { cancelled, cheated, labels, neverBilled } from './story-of-orders.ts';
import { claim, createWorld, type World } from './world.ts';

/** Purchases while the owners are down. */
const PURCHASES = 10;

/** A shop whose services never wait for each other: from an empty cache to printed labels. */
const story: Story = async (stage) => {
  const world = createWorld(stage);
  try {
    await open(world);
    await browse(world);
    const sold = [...(await checkout(world)), ...(await ownersDown(world)), await latePrice(world)];
    await poison(world);
    await cheated(world);
    await cancelled(world);
    await labels(world, sold);
    await neverBilled(world);
  } finally {
    world.close();
  }
};

export default story;

async function open({ deployment, cloud, report, minutes }: World): Promise<void> {
  report.heading('Geography, catalog and customers load their entities; ordering receives copies');
  const loaded = await fillShop(async (type) => (await deployment.ownerOf(type)).owner);
  await cloud.idle();
  await minutes();
  const { reader } = await deployment.cacheNamed('ordering');
  for (const [type, count] of Object.entries(loaded)) {
    const { items } = await reader.list(type, { limit: count + 1 });
    claim(items.length === count, `ordering should have ${count} of ${type}, not ${items.length}`);
  }
  const counts = Object.entries(loaded).map(([type, count]) => `${count} of ${type}`);
  report.step(`${counts.join(', ')}: all in ordering's cache`);
}

async function browse({ shop, report }: World): Promise<void> {
  report.heading('Browse: every page comes from the cache');
  const { status, body } = await shop.page('/products/p-tent');
  claim(status === 200 && body.value?.name === 'Two-person tent', 'the page of the tent should be shown');
  report.step(`product page: ${body.value?.name}, version ${body.version}, ${stale(body.stalenessMs)}`);
  const list = await shop.call('Ordering', 'Pages', 'GET /categories/outdoor/products');
  claim(JSON.stringify(list.body).includes('Climbing rope'), 'the list should have the rope');
  report.step('list of the category outdoor, by a declared index');
  const card = await shop.call('Ordering', 'Pages', 'GET /customers/c-ada');
  for (const shown of ['"Ada"', 'United Kingdom', 'Pound Sterling']) {
    claim(JSON.stringify(card.body).includes(shown), `the card should show ${shown}`);
  }
  report.step('customer card: a customer, her country and her currency, of two owners');
  const refused = await shop.page('/products/p-tent?atLeastVersion=7');
  claim(refused.status === 412, `version 7 should be refused, but the status is ${refused.status}`);
  report.step(`asked for version 7: ${refused.body.code}: ${refused.body.message}`);
}

/** Buys with each test card, one after the other. */
async function checkout({ shop, cloud, report, money }: World): Promise<string[]> {
  report.heading('Checkout: only payment receives the card');
  const billed: string[] = [];
  for (const [kind, card] of Object.entries(TEST_CARDS)) {
    const { orderId, statuses } = await shop.buy({ productId: 'p-mug', customerId: 'c-konrad', card });
    await cloud.idle();
    const { charges } = await money(orderId);
    const expected = kind === 'declined' ? 0 : 1;
    claim(isWell(statuses) && charges === expected, `card ${kind} should be charged ${expected} times, not ${charges}`);
    const known = await shop.order(orderId);
    const ends = expected === 0 ? 'placed, declined' : 'placed, billed';
    claim(known === ends, `ordering should know that the order is ${ends}, not ${known}`);
    if (charges > 0) billed.push(orderId);
    report.step(`gateway ${kind}: order ${known}, charged ${charges === 1 ? 'once' : 'not at all'}`);
  }
  return billed;
}

async function ownersDown({ shop, cloud, report, running, minutes }: World): Promise<string[]> {
  report.heading('Geography, catalog and customers are stopped; the shop still sells');
  await minutes();
  const { body: before } = await freshPage(shop, '/products/p-stove');
  const stoppedAtMs = Date.now();
  running(OWNERS, false);
  const { status: answer } = await shop.call('Catalog', 'Products', 'PUT /products/p-stove', stateOf('p-stove'));
  claim(answer === 429, `catalog should not answer, but the status is ${answer}`);
  const orders: string[] = [];
  // The outage lasts longer than the staleness before it, so that the new staleness can be told from the old one.
  while (orders.length < PURCHASES || Date.now() - stoppedAtMs <= (before.stalenessMs ?? 0)) {
    const { status } = await shop.page('/products/p-stove');
    const buying = { productId: 'p-stove', customerId: 'c-sofja', card: TEST_CARDS.good };
    const { orderId, statuses } = await shop.buy(buying);
    claim(isWell([status, ...statuses]), 'each page and each checkout should be answered');
    orders.push(orderId);
    report.progress('sold', orders.length, Math.max(PURCHASES, orders.length));
  }
  const outageMs = Date.now() - stoppedAtMs;
  const { body } = await shop.page('/products/p-stove');
  claim((body.stalenessMs ?? 0) >= outageMs, 'staleness should be at least the time for which the owners are stopped');
  report.step(
    `${orders.length} sold in ${seconds(outageMs)}; pages were ${stale(before.stalenessMs)}, and are now ` +
      `${stale(body.stalenessMs)}`,
  );
  const refused = await shop.page('/products/p-stove?maxStalenessMs=1');
  claim(refused.body.code === 'TooStale', 'a read that accepts no staleness should be refused');
  report.step(`a read that accepts no staleness is refused: ${refused.body.message}`);
  running(OWNERS, true);
  await cloud.idle();
  await minutes();
  return orders;
}

async function latePrice({ deployment, shop, cloud, report, running, minutes, money }: World): Promise<string> {
  report.heading('A price change arrives late, between review and order');
  const { owner } = await deployment.ownerOf('Product');
  const { orderId, quote } = await shop.buy({
    productId: 'p-lamp',
    customerId: 'c-konrad',
    card: TEST_CARDS.timesOutAfter,
    async meanwhile() {
      running(['Catalog-Owner'], false);
      await owner.put('Product', 'p-lamp', { ...stateOf('p-lamp'), price: { amount: 9_900, currency: 'EUR' } });
    },
  });
  const [line] = quote.lines;
  claim(line?.version === 1 && line.price.amount === 8_900, 'the order should say what was quoted');
  report.step(`ordered at version ${line.version} for 89.00 EUR, while version 2 for 99.00 EUR is on its way`);
  running(['Catalog-Owner'], true);
  await cloud.idle();
  await minutes();
  const { body } = await freshPage(shop, '/products/p-lamp');
  claim(body.version === 2, 'the new price should have arrived');
  const { amount } = await money(orderId);
  claim(amount === quote.total.amount, `the quoted amount should be charged, not ${amount}`);
  report.step(`version ${body.version} has arrived, ${stale(body.stalenessMs)}; the charged amount is the agreed one`);
  return orderId;
}

async function poison({ deployment, shop, cloud, report }: World): Promise<void> {
  report.heading('A product comes that no one can read');
  const { owner } = await deployment.ownerOf('Product');
  const cache = await deployment.cacheNamed('ordering');
  const state = { ...stateOf('p-kettle'), price: { amount: -1, currency: 'EUR' } };
  // The schema of the owner would refuse this state, so no owner publishes it.
  await publishEvent(cloud, catalog, { type: 'Product', id: 'p-kettle', version: 2, state });
  await cloud.idle();
  const { items } = await cache.parked.list();
  const [parked] = items;
  claim(items.length === 1 && parked !== undefined, 'the event should be parked');
  const kettle = await shop.page('/products/p-kettle');
  claim(kettle.body.version === 1, 'the kettle should still be sold as it was');
  const pan = await shop.page('/products/p-pan');
  claim(pan.status === 200, 'other products should be sold');
  report.step(
    `Product/p-kettle version 2: parked (${parked.reason}); the shop sells version 1, and all other products`,
  );
  await owner.put('Product', 'p-kettle', { ...stateOf('p-kettle'), name: 'Enamel kettle, 2 l' });
  await cloud.idle();
  const fixed = await shop.page('/products/p-kettle');
  claim(fixed.body.value?.name === 'Enamel kettle, 2 l', "catalog's next version should be sold");
  await cache.parked.remove(items.map(({ message }) => message));
  claim((await cache.parked.list()).items.length === 0, 'no event should be parked any more');
  report.step(`catalog's own version ${fixed.body.version} is sold at once; the parked event is discarded`);
}

/**
 * Waits for a page whose staleness is below 5 s. A reader remembers the staleness for a second, so the first page may
 * be staler.
 */
async function freshPage(shop: ShopClient, path: string): ReturnType<ShopClient['page']> {
  const untilMs = Date.now() + 5_000;
  for (;;) {
    const answer = await shop.page(`${path}?maxStalenessMs=4999`);
    if (answer.status === 200) return answer;
    claim(Date.now() < untilMs, `${path} should be fresh again, but ${answer.body.message}`);
    await pause(100);
  }
}

function stateOf(id: string): State {
  const product = products.find((one) => one.id === id);
  if (product === undefined) throw new Error(`there is no product ${id}`);
  return product.state;
}

const isWell = (statuses: readonly number[]): boolean => statuses.every((status) => status < 300);

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const stale = (ms: number | null | undefined): string =>
  ms == null ? 'of unknown staleness' : `stale by ${seconds(ms)} at most`;
