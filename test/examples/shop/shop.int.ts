import { randomUUID } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, type MockInstance, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { createFlowStore } from '../../../adapters/govern/flow-table.ts';
import { gatherStatus } from '../../../cli/commands/status/gather.ts';
import { renderStatus } from '../../../cli/commands/status/render.ts';
import { createLook } from '../../../cli/commands/watch/look.ts';
import { renderLines } from '../../../cli/commands/watch/render.ts';
import { openLocalCloud } from '../../../cli/deployment/local-cloud.ts';
import { localFileOf } from '../../../cli/deployment/local-file.ts';
import catalog from '../../../examples/shop/catalog/contracts.ts';
import { products } from '../../../examples/shop/catalog/products.ts';
import { TEST_CARDS } from '../../../examples/shop/payment/fake-gateway.ts';
import { BILLING_ADDRESS, CARD_EXPIRES, CARD_HOLDER, type Purchase } from '../../../examples/shop/whole/client.ts';
import { CHARGING } from '../../../examples/shop/whole/stand-still.ts';
import { ownerIn } from '../../../local/deployed.ts';
import { startWholeShop, type WholeShop } from './whole-shop.ts';

let shop: WholeShop;
/** Spies on every message that any topic or queue receives. */
let sent: MockInstance[];

beforeAll(async () => {
  shop = await startWholeShop();
  const { topics, queues } = shop.cloud.messaging;
  sent = [
    ...topics.list().map((topic) => vi.spyOn(topic, 'publish')),
    ...queues.list().flatMap((queue) => [vi.spyOn(queue, 'send'), vi.spyOn(queue, 'sendBatch')]),
  ];
}, 90_000);
afterAll(() => shop?.stop());

const page = (path: string) => shop.page(path);
const pages = (path: string) => shop.call('Ordering', 'Pages', `GET ${path}`);
const checkout = (path: string, body?: unknown) => shop.call('Ordering', 'Checkout', `POST ${path}`, body);

const listed = z.object({ items: z.array(z.object({ id: z.string() })), cursor: z.optional(z.string()) });
const CART = { customerId: 'c-ada', lines: [{ productId: 'p-mug', quantity: 1 }] };
const begun = z.object({ shoppingCartId: z.string() });

/** Buys with a valid card. */
const buy = (productId: string, purchase: Partial<Purchase> = {}) =>
  shop.buy({ productId, customerId: 'c-konrad', card: TEST_CARDS.good, ...purchase });

describe('a page', () => {
  beforeAll(() => shop.minutes());

  test('a page is answered from the cache with version, time of change and staleness', async () => {
    const found = await page('/products/p-mug');
    expect(found).toMatchObject({ status: 200, body: { id: 'p-mug', version: 1, value: { name: 'Stoneware mug' } } });
    expect(found.body).toMatchObject({ changedAt: expect.any(String), stalenessMs: expect.any(Number) });
  });

  test('products are listed by category, page by page', async () => {
    const first = listed.parse((await pages('/categories/kitchen/products?limit=2')).body);
    const second = listed.parse((await pages(`/categories/kitchen/products?limit=2&cursor=${first.cursor}`)).body);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(['p-kettle', 'p-mug', 'p-pan']);
  });

  test('the page of a customer shows country and currency', async () => {
    expect((await pages('/customers/c-ada')).body).toMatchObject({
      customer: { value: { displayName: 'Ada' } },
      currency: { value: { name: 'Pound Sterling' } },
      country: { value: { name: { common: 'United Kingdom' } } },
    });
  });

  test.each([
    ['is staler than its reader accepts', '/products/p-mug?maxStalenessMs=0', 412, 'TooStale'],
    ['has not reached the version that its reader needs', '/products/p-mug?atLeastVersion=9', 412, 'VersionNotReached'],
    ['is requested with an invalid staleness', '/products/p-mug?maxStalenessMs=soon', 400, 'InvalidMaxStaleness'],
  ])('a page is refused if it %s', async (_, path, status, code) => {
    expect(await page(path)).toMatchObject({ status, body: { code } });
  });
});

describe('an order', () => {
  test('an order keeps the quoted versions and prices, even if they change before it is placed', async () => {
    const { state } = products.find(({ id }) => id === 'p-lamp') ?? { state: undefined };
    const { orderId, quote } = await buy('p-lamp', {
      quantity: 2,
      async meanwhile() {
        await shop.ownerOf('Product').put('Product', 'p-lamp', { ...state, price: { amount: 9_900, currency: 'EUR' } });
        await shop.cloud.idle();
      },
    });
    const quoted = { version: 1, price: { amount: 8_900 } };
    expect(quote).toMatchObject({ lines: [quoted], total: { amount: 17_800, currency: 'EUR' } });
    expect((await page('/products/p-lamp')).body).toMatchObject({ version: 2, value: { price: { amount: 9_900 } } });
    const kept = await shop.call('Ordering', 'Checkout', `GET /orders/${orderId}`);
    expect(kept.body).toMatchObject({ orderId, customerId: 'c-konrad', status: 'placed', quote: { lines: [quoted] } });
  });

  test('an order is placed once, even if the request is repeated', async () => {
    const { shoppingCartId } = begun.parse((await checkout('/checkout', CART)).body);
    expect(await checkout(`/checkout/${shoppingCartId}/place`)).toMatchObject({
      status: 409,
      body: { code: 'NotReviewed' },
    });
    await checkout(`/checkout/${shoppingCartId}/review`);
    const placed = await checkout(`/checkout/${shoppingCartId}/place`);
    expect(placed.status).toBe(201);
    expect((await checkout(`/checkout/${shoppingCartId}/place`)).body).toEqual(placed.body);
  });

  test('a placed order gets no new quote', async () => {
    const { shoppingCartId } = begun.parse((await checkout('/checkout', CART)).body);
    await checkout(`/checkout/${shoppingCartId}/review`);
    await checkout(`/checkout/${shoppingCartId}/place`);
    const refused = await checkout(`/checkout/${shoppingCartId}/review`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'AlreadyPlaced' } });
  });

  test('an order that is cancelled before shipping is refunded, gets no label and is cancelled once', async () => {
    shop.running(CHARGING, false);
    const { orderId } = await buy('p-mug');
    for (const _ of [1, 2]) expect((await shop.cancel(orderId)).body).toMatchObject({ orderId, status: 'cancelled' });
    await shop.cloud.idle();
    shop.running(CHARGING, true);
    await shop.cloud.idle();
    const ends = { order: 'cancelled, refunded', charges: 1, refunds: 1, labels: 0, recalled: 0 };
    expect(await outcomeOf(orderId)).toEqual(ends);
  });

  test.each(
    Object.entries(TEST_CARDS),
  )('an order with the card %s that is cancelled after shipping costs nothing in the end', async (kind, card) => {
    const { orderId } = await buy('p-rope', { card });
    await shop.cloud.idle();
    await shop.cancel(orderId);
    await shop.cloud.idle();
    expect(await outcomeOf(orderId)).toEqual(
      kind === 'declined'
        ? { order: 'cancelled, declined', charges: 0, refunds: 0, labels: 0, recalled: 0 }
        : { order: 'cancelled, refunded', charges: 1, refunds: 1, labels: 1, recalled: 1 },
    );
  });

  test('an order is declined without a charge if payment got a smaller total than ordering quoted', async () => {
    const { orderId } = await buy('p-tent', { pays: { amount: 1 } });
    await shop.cloud.idle();
    expect(await outcomeOf(orderId)).toEqual({ ...DECLINED, order: 'placed, declined' });
    expect(shop.lines.filter((line) => line.includes('other-total') && line.includes(orderId))).toHaveLength(1);
  });

  test.each([
    ['an unknown customer', { customerId: 'nobody', lines: [{ productId: 'p-mug', quantity: 1 }] }, 404],
    ['no lines', { customerId: 'c-ada', lines: [] }, 400],
  ])('a checkout with %s is refused', async (_, cart, status) => {
    expect(await checkout('/checkout', cart)).toMatchObject({ status });
  });

  test('a review is refused if the prices are staler than the customer accepts', async () => {
    const { shoppingCartId } = begun.parse((await checkout('/checkout', CART)).body);
    const reviewed = await checkout(`/checkout/${shoppingCartId}/review?maxStalenessMs=0`);
    expect(reviewed).toMatchObject({ status: 412, body: { code: 'TooStale', stalenessMs: expect.any(Number) } });
  });

  test('the cancellation of an unknown order is refused', async () => {
    expect(await shop.cancel('none')).toMatchObject({ status: 404 });
  });

  test('a review with an unknown product is refused', async () => {
    const cart = { customerId: 'c-ada', lines: [{ productId: 'none', quantity: 1 }] };
    const { shoppingCartId } = begun.parse((await checkout('/checkout', cart)).body);
    expect(await checkout(`/checkout/${shoppingCartId}/review`)).toMatchObject({
      status: 409,
      body: { products: ['none'] },
    });
  });
});

/** Returns the state of an order at ordering, the gateway and the warehouse. */
async function outcomeOf(orderId: string) {
  const [books, labels] = await Promise.all(['FakeGateway', 'Shipping-Labels'].map((name) => shop.itemsOf(name)));
  const book = books?.find(({ id }) => id?.S === orderId);
  const label = labels?.find(({ id }) => id?.S === orderId);
  return {
    order: await shop.order(orderId),
    charges: book?.charges?.SS?.length ?? 0,
    refunds: book?.refunds?.SS?.length ?? 0,
    labels: label?.label === undefined ? 0 : 1,
    recalled: label?.recalled === undefined ? 0 : 1,
  };
}

const DECLINED = { charges: 0, refunds: 0, labels: 0, recalled: 0 };

describe('a misbehaving gateway', () => {
  test('a misbehaving gateway charges each order at most once, and only billed orders get a label', async () => {
    const kinds = Object.entries(TEST_CARDS);
    const bought = await Promise.all(kinds.map(([, card]) => buy('p-pan', { card })));
    await shop.cloud.idle();
    const ends = await Promise.all(bought.map(({ orderId }) => outcomeOf(orderId)));
    const billed = { order: 'placed, billed', charges: 1, refunds: 0, labels: 1, recalled: 0 };
    expect(Object.fromEntries(kinds.map(([kind], index) => [kind, ends[index]]))).toEqual({
      good: billed,
      declined: { ...DECLINED, order: 'placed, declined' },
      timesOutBefore: billed,
      timesOutAfter: billed,
      answersTwice: billed,
    });
  });
});

describe('payment details', () => {
  const details = {
    card: { number: TEST_CARDS.good, holder: CARD_HOLDER, expires: CARD_EXPIRES },
    billingAddress: BILLING_ADDRESS,
  };
  const give = (cartId: string) => shop.call('Payment', 'Details', `PUT /payment-details/${cartId}`, details);

  test('payment details can be replaced until the order is processed, and are removed then', async () => {
    const { shoppingCartId } = begun.parse((await checkout('/checkout', CART)).body);
    for (const _ of [1, 2]) expect((await give(shoppingCartId)).status).toBe(200);
    const ordered = await buy('p-mug');
    await shop.cloud.idle();
    expect(await give(ordered.shoppingCartId)).toMatchObject({ status: 409, body: { code: 'AlreadyOrdered' } });
    const kept = await shop.itemsOf('PaymentDetails');
    expect(kept.filter(({ details }) => details !== undefined).map(({ id }) => id?.S)).toContain(shoppingCartId);
    expect(kept.find(({ id }) => id?.S === ordered.shoppingCartId)).toEqual({
      id: { S: ordered.shoppingCartId },
      forgotten: { BOOL: true },
    });
  });

  test.each([
    ['without a valid cart', 'PUT /payment-details/mine', details],
    ['without a card', `PUT /payment-details/${randomUUID()}`, { billingAddress: 'x' }],
    ['with an amount of 0', `PUT /payment-details/${randomUUID()}/agreement`, { amount: 0, currency: 'EUR' }],
  ])('payment details %s are refused', async (_, request, body) => {
    expect(await shop.call('Payment', 'Details', request, body)).toMatchObject({
      status: 400,
      body: { code: 'Invalid' },
    });
  });
});

test('while ordering lags, catalog answers a put with 429 and the time to retry', async () => {
  const { flowTable: tableName } = ownerIn(shop.cloud, catalog);
  const decision = { state: 'refusing' as const, retryAfterSeconds: 40, levels: {}, missing: [] };
  // The governor may save a decision of its own in between.
  await vi.waitFor(async () => {
    const decidedAtMs = Date.now();
    const times = { decidedAtMs, validUntilMs: decidedAtMs + 60_000 };
    await createFlowStore({ client: shop.client, tableName }).saveDecision({ ...decision, ...times });
    const refused = await shop.call('Catalog', 'Products', 'PUT /products/p-rope', products[7]?.state);
    expect(refused).toMatchObject({ status: 429, body: { code: 'Backpressure' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
  }, 5_000);
});

describe('the data that leaves payment', () => {
  /**
   * Makes payment fail once, on an order's unreadable details, and restores the details.
   *
   * @returns the order's id
   */
  async function failedOnce(): Promise<string> {
    const TableName = shop.cloud.outputs.Payment?.PaymentDetailsTable;
    const set = (shoppingCartId: string, details: string) =>
      shop.client.send(
        new UpdateItemCommand({
          TableName,
          Key: { id: { S: shoppingCartId } },
          UpdateExpression: 'SET details = :details',
          ExpressionAttributeValues: { ':details': { S: details } },
          ReturnValues: 'UPDATED_OLD',
        }),
      );
    shop.running(CHARGING, false);
    const { orderId, shoppingCartId } = await buy('p-mug');
    const { Attributes } = await set(shoppingCartId, `{"card":{"number":"x${TEST_CARDS.good}"}}`);
    shop.running(CHARGING, true);
    await vi.waitFor(() => expect(shop.lines.filter((line) => line.includes('"returned"'))).not.toEqual([]), 20_000);
    await set(shoppingCartId, Attributes?.details?.S ?? '');
    await shop.cloud.idle();
    return orderId;
  }

  test('nothing outside payment contains card or address, even if payment fails on them', async () => {
    const orderId = await failedOnce();
    expect(await shop.order(orderId)).toBe('placed, billed');
    const texts = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one).replaceAll('\\', ''));
    const tables = texts(await shop.itemsOf('', 'Payment-PaymentDetails'));
    const messages = texts(sent.flatMap((spy) => spy.mock.calls));
    const lines = texts(shop.lines);
    const secrets = [...Object.values(TEST_CARDS), CARD_HOLDER, BILLING_ADDRESS, CARD_EXPIRES];
    const fields = ['billingAddress', '"holder"', '"card"'];
    const leaks = [...tables, ...messages, ...lines].filter((text) =>
      [...secrets, ...fields].some((secret) => text.includes(secret)),
    );
    expect(leaks).toEqual([]);
    // The check has read all kinds of messages, tables and log lines.
    const seen = (all: readonly string[], text: string) => all.some((one) => one.includes(text));
    for (const fact of ['OrderPlaced', 'OrderBilled', 'PaymentDeclined', 'PaymentRefunded']) {
      expect([fact, seen(messages, fact), seen(tables, fact)]).toEqual([fact, true, true]);
    }
    for (const line of ['label printed', '"returned"', 'other-total'])
      expect([line, seen(lines, line)]).toEqual([line, true]);
    const kept = texts(await shop.itemsOf('Payment-PaymentDetails'));
    expect(kept.filter((text) => text.includes(CARD_HOLDER))).toHaveLength(1);
    expect(kept.filter((text) => fields.every((field) => text.includes(field)))).toHaveLength(1);
  });
});

test('no function needed a permission that it was not granted', () => {
  expect(shop.cloud.access.denials).toEqual([]);
});

test('freshet status fits 80 columns and shows the fact queues and sagas of the shop', async () => {
  const deployment = openLocalCloud({ file: localFileOf(shop.cloud), projectFolder: process.cwd() });
  try {
    await shop.cloud.idle();
    const report = await gatherStatus(deployment, { sinceMs: 3_600_000, countAll: true });
    const text = renderStatus(report, 80);
    expect(Math.max(...text.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(80);
    const names = (queues: readonly { readonly name: string }[]) => queues.map(({ name }) => name).sort();
    const shown = [...report.factQueues, ...report.sagas.flatMap(({ effectQueues }) => effectQueues)];
    expect([...shown.map(({ queue }) => queue), ...report.sagas.map(({ saga }) => saga)].sort()).toEqual(
      names(deployment.factQueues),
    );
    const shipping = report.sagas.find(({ saga }) => saga === 'shipping');
    expect(shipping).toMatchObject({ backlog: 0, decided: expect.any(Number), waiting: expect.any(Number) });
    expect(shipping?.decided).toBeGreaterThan(0);
    const view = await createLook(deployment)();
    const lines = renderLines(view, 80).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(view.sagas).toContainEqual(expect.objectContaining({ saga: 'shipping', waiting: shipping?.waiting }));
  } finally {
    deployment.close();
  }
});
