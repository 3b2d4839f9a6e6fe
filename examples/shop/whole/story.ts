import { setTimeout as pause } from 'node:timers/promises';
import { snsClient } from '../../../adapters/aws/clients.ts';
import { cacheNamed, ownerOf } from '../../../cli/session.ts';
import type { Story } from '../../../cli/story.ts';
import type { State } from '../../../core/state.ts';
import { products } from '../catalog/products.ts';
import { TEST_CARDS } from '../payment/fake-gateway.ts';
import type { ShopClient } from './client.ts';
import { fillShop } from './fill.ts';
import { publishProduct } from './poison.ts';
import { OWNERS } from './stand-still.ts';
import { cancelled, cheated, labels, neverBilled } from './story-of-orders.ts';
import { claim, createWorld, type World } from './world.ts';

/** Purchases while the owners are down. */
const PURCHASES = 10;

/** A shop whose services never wait for each other: from an empty cache to printed labels. */
const story: Story = async (stage) => {
  const world = createWorld(stage);
  await open(world);
  await browse(world);
  const sold = [...(await checkout(world)), ...(await ownersDown(world)), await latePrice(world)];
  await poison(world);
  await cheated(world);
  await cancelled(world);
  await labels(world, sold);
  await neverBilled(world);
};

export default story;

async function open({ session, cloud, report, minutes }: World): Promise<void> {
  report.heading('Geography, catalog and customers load what they own; ordering gets its copies');
  const loaded = await fillShop((type) => ownerOf(session, type).owner);
  await cloud.idle();
  await minutes();
  const { reader } = cacheNamed(session, 'ordering');
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

/** One after the other, with every card that a gateway may be given. */
async function checkout({ shop, cloud, report, money }: World): Promise<string[]> {
  report.heading('Checkout: the card goes to payment alone');
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
  report.heading('Geography, catalog and customers stop; the shop sells on');
  await minutes();
  const { body: before } = await freshPage(shop, '/products/p-stove');
  const stoppedAtMs = Date.now();
  running(OWNERS, false);
  const { status: answer } = await shop.call('Catalog', 'Products', 'PUT /products/p-stove', stateOf('p-stove'));
  claim(answer === 429, `catalog itself should answer nobody, but the status is ${answer}`);
  const orders: string[] = [];
  // Longer than pages were stale before, so that what they say can be told from what they said.
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
  claim((body.stalenessMs ?? 0) >= outageMs, 'staleness should be at least the time that the owners are down');
  report.step(
    `${orders.length} sold in ${seconds(outageMs)}; pages were ${stale(before.stalenessMs)}, and are now ${stale(body.stalenessMs)}`,
  );
  const refused = await shop.page('/products/p-stove?maxStalenessMs=1');
  claim(refused.body.code === 'TooStale', 'who takes nothing stale should be told');
  report.step(`who takes nothing stale is told: ${refused.body.message}`);
  running(OWNERS, true);
  await cloud.idle();
  await minutes();
  return orders;
}

async function latePrice({ session, shop, cloud, report, running, minutes, money }: World): Promise<string> {
  report.heading('A price change arrives late, between review and order');
  const { owner } = ownerOf(session, 'Product');
  const { orderId, quote } = await shop.buy({
    ...{ productId: 'p-lamp', customerId: 'c-konrad', card: TEST_CARDS.timesOutAfter },
    async meanwhile() {
      running(['Catalog-Owner'], false);
      await owner.put('Product', 'p-lamp', { ...stateOf('p-lamp'), price: { amount: 9_900, currency: 'EUR' } });
    },
  });
  const [line] = quote.lines;
  claim(line?.version === 1 && line.price.amount === 8_900, 'the order should say what was quoted');
  report.step(`ordered at version ${line.version} for 89.00 EUR, while version 2 for 99.00 EUR is under way`);
  running(['Catalog-Owner'], true);
  await cloud.idle();
  await minutes();
  const { body } = await freshPage(shop, '/products/p-lamp');
  claim(body.version === 2, 'the new price should have arrived');
  const { amount } = await money(orderId);
  claim(amount === quote.total.amount, `what was quoted should be charged, not ${amount}`);
  report.step(
    `it has arrived: version ${body.version}, ${stale(body.stalenessMs)}; what was charged is what was agreed`,
  );
  return orderId;
}

async function poison({ session, shop, cloud, report }: World): Promise<void> {
  report.heading('A product comes that no one can read');
  const { owner, deployed } = ownerOf(session, 'Product');
  const cache = cacheNamed(session, 'ordering');
  const client = snsClient({ endpoint: session.url });
  const state = { ...stateOf('p-kettle'), price: { amount: -1, currency: 'EUR' } };
  await publishProduct(client, deployed.topicArn, { id: 'p-kettle', version: 2, state });
  client.destroy();
  await cloud.idle();
  const { items } = await cache.aside.list();
  const [parked] = items;
  claim(items.length === 1 && parked !== undefined, 'the event should be parked');
  const kettle = await shop.page('/products/p-kettle');
  claim(kettle.body.version === 1, 'the kettle should still be sold as it was');
  const pan = await shop.page('/products/p-pan');
  claim(pan.status === 200, 'other products should be sold');
  report.step(`Product/p-kettle version 2: parked (${parked.reason}); the shop sells version 1, and all else`);
  await owner.put('Product', 'p-kettle', { ...stateOf('p-kettle'), name: 'Enamel kettle, 2 l' });
  await cloud.idle();
  const mended = await shop.page('/products/p-kettle');
  claim(mended.body.value?.name === 'Enamel kettle, 2 l', 'what catalog says next should be sold');
  await cache.aside.remove(items.map(({ message }) => message));
  claim((await cache.aside.list()).items.length === 0, 'nothing should be parked any more');
  report.step(`catalog's own version ${mended.body.version} is sold at once; what was parked is discarded`);
}

/** A page that is stale by less than 5 s. A reader goes for a second by what it has read of that, so not the first one need be. */
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
