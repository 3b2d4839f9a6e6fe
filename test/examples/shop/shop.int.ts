import { randomUUID } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, type MockInstance, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { createFlowStore } from '../../../adapters/govern/flow-table.ts';
import catalog from '../../../examples/shop/catalog/contracts.ts';
import { products } from '../../../examples/shop/catalog/products.ts';
import { customers } from '../../../examples/shop/customers/customers.ts';
import { TEST_CARDS } from '../../../examples/shop/payment/fake-gateway.ts';
import { BILLING_ADDRESS, CARD_EXPIRES, CARD_HOLDER, type Purchase } from '../../../examples/shop/whole/client.ts';
import { CHARGING, OWNERS } from '../../../examples/shop/whole/stand-still.ts';
import { ownerIn } from '../../../local/deployed.ts';
import { sideBySide, startWholeShop, type WholeShop } from './whole-shop.ts';

let shop: WholeShop;
/** Everything that any topic or queue was given. */
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

/** Buys with a card that works. */
const buy = (productId: string, purchase: Partial<Purchase> = {}) =>
  shop.buy({ productId, customerId: 'c-konrad', card: TEST_CARDS.good, ...purchase });

describe('a page', () => {
  beforeAll(() => shop.minutes());

  test('is answered from the cache, with version, time of change and staleness', async () => {
    const found = await page('/products/p-mug');
    expect(found).toMatchObject({ status: 200, body: { id: 'p-mug', version: 1, value: { name: 'Stoneware mug' } } });
    expect(found.body).toMatchObject({ changedAt: expect.any(String), stalenessMs: expect.any(Number) });
  });

  test('lists by category, page by page', async () => {
    const first = listed.parse((await pages('/categories/kitchen/products?limit=2')).body);
    const second = listed.parse((await pages(`/categories/kitchen/products?limit=2&cursor=${first.cursor}`)).body);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(['p-kettle', 'p-mug', 'p-pan']);
  });

  test('shows a customer with country and currency', async () => {
    expect((await pages('/customers/c-ada')).body).toMatchObject({
      ...{ customer: { value: { displayName: 'Ada' } }, currency: { value: { name: 'Pound Sterling' } } },
      country: { value: { name: { common: 'United Kingdom' } } },
    });
  });

  test.each([
    ['is staler than its reader takes', '/products/p-mug?maxStalenessMs=0', 412, 'TooStale'],
    ['has not reached the version that its reader needs', '/products/p-mug?atLeastVersion=9', 412, 'VersionNotReached'],
    ['is asked for with no staleness', '/products/p-mug?maxStalenessMs=soon', 400, 'InvalidMaxStaleness'],
  ])('is refused where it %s', async (_, path, status, code) => {
    expect(await page(path)).toMatchObject({ status, body: { code } });
  });
});

describe('an order', () => {
  test('records versions and prices that it was quoted, though they change before it is placed', async () => {
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

  test('is placed once, however often it is asked for', async () => {
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

  test('that is placed is not quoted anew', async () => {
    const { shoppingCartId } = begun.parse((await checkout('/checkout', CART)).body);
    await checkout(`/checkout/${shoppingCartId}/review`);
    await checkout(`/checkout/${shoppingCartId}/place`);
    const refused = await checkout(`/checkout/${shoppingCartId}/review`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'AlreadyPlaced' } });
  });

  test('that is cancelled before it is shipped costs nothing in the end and gets no label, and is cancelled once', async () => {
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
  )('that is cancelled after it was shipped costs nothing in the end, and its parcel is called back: gateway %s', async (kind, card) => {
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

  test('for which payment is told a smaller total than was quoted is declined, and nothing is charged', async () => {
    const { orderId } = await buy('p-tent', { pays: { amount: 1 } });
    await shop.cloud.idle();
    expect(await outcomeOf(orderId)).toEqual({ ...DECLINED, order: 'placed, declined' });
    expect(shop.lines.filter((line) => line.includes('other-total') && line.includes(orderId))).toHaveLength(1);
  });

  test.each([
    ['an unknown customer', { customerId: 'nobody', lines: [{ productId: 'p-mug', quantity: 1 }] }, 404],
    ['no lines', { customerId: 'c-ada', lines: [] }, 400],
  ])('of %s is not begun', async (_, cart, status) => {
    expect(await checkout('/checkout', cart)).toMatchObject({ status });
  });

  test('is not quoted by prices that are staler than its customer takes', async () => {
    const { shoppingCartId } = begun.parse((await checkout('/checkout', CART)).body);
    const reviewed = await checkout(`/checkout/${shoppingCartId}/review?maxStalenessMs=0`);
    expect(reviewed).toMatchObject({ status: 412, body: { code: 'TooStale', stalenessMs: expect.any(Number) } });
  });

  test('that was never placed is not cancelled', async () => {
    expect(await shop.cancel('none')).toMatchObject({ status: 404 });
  });

  test('of a product that is not there is not quoted', async () => {
    const cart = { customerId: 'c-ada', lines: [{ productId: 'none', quantity: 1 }] };
    const { shoppingCartId } = begun.parse((await checkout('/checkout', cart)).body);
    expect(await checkout(`/checkout/${shoppingCartId}/review`)).toMatchObject({
      status: 409,
      body: { products: ['none'] },
    });
  });
});

/** What has become of an order at ordering, gateway and warehouse. */
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

describe('a gateway that misbehaves', () => {
  test('charges each order once at most, and a label is printed for each that was billed, and no other', async () => {
    const kinds = Object.entries(TEST_CARDS);
    const bought = await Promise.all(kinds.map(([, card]) => buy('p-pan', { card })));
    await shop.cloud.idle();
    const ends = await Promise.all(bought.map(({ orderId }) => outcomeOf(orderId)));
    const billed = { order: 'placed, billed', charges: 1, refunds: 0, labels: 1, recalled: 0 };
    expect(Object.fromEntries(kinds.map(([kind], index) => [kind, ends[index]]))).toEqual({
      ...{ good: billed, declined: { ...DECLINED, order: 'placed, declined' } },
      ...{ timesOutBefore: billed, timesOutAfter: billed, answersTwice: billed },
    });
  });
});

describe('payment details', () => {
  const details = {
    card: { number: TEST_CARDS.good, holder: CARD_HOLDER, expires: CARD_EXPIRES },
    billingAddress: BILLING_ADDRESS,
  };
  const give = (cartId: string) => shop.call('Payment', 'Details', `PUT /payment-details/${cartId}`, details);

  test('may be given again until the order is dealt with, and are forgotten then', async () => {
    const { shoppingCartId } = begun.parse((await checkout('/checkout', CART)).body);
    for (const _ of [1, 2]) expect((await give(shoppingCartId)).status).toBe(200);
    const ordered = await buy('p-mug');
    await shop.cloud.idle();
    expect(await give(ordered.shoppingCartId)).toMatchObject({ status: 409, body: { code: 'AlreadyOrdered' } });
    const kept = await shop.itemsOf('PaymentDetails');
    expect(kept.filter(({ details }) => details !== undefined).map(({ id }) => id?.S)).toContain(shoppingCartId);
    expect(kept.find(({ id }) => id?.S === ordered.shoppingCartId)).toEqual({
      ...{ id: { S: ordered.shoppingCartId }, forgotten: { BOOL: true } },
    });
  });

  test.each([
    ['of no cart', 'PUT /payment-details/mine', details],
    ['without a card', `PUT /payment-details/${randomUUID()}`, { billingAddress: 'x' }],
    ['with an amount of nothing', `PUT /payment-details/${randomUUID()}/agreement`, { amount: 0, currency: 'EUR' }],
  ])('%s are refused', async (_, request, body) => {
    expect(await shop.call('Payment', 'Details', request, body)).toMatchObject({
      status: 400,
      body: { code: 'Invalid' },
    });
  });
});

describe('while catalog and customers are stopped', () => {
  test('1,000 reads and checkouts are answered; staleness grows with the outage and is gone after it, and nothing is lost', async () => {
    await shop.minutes();
    const { body: before } = await page('/products/p-tent');
    const stoppedAtMs = Date.now();
    shop.running(OWNERS, false);
    await shop.ownerOf('Product').put('Product', 'p-tent', { ...products[5]?.state, name: 'Three-person tent' });
    await shop.ownerOf('Customer').put('Customer', 'c-sofja', { ...customers[2]?.state, tier: 'gold' });
    const orders: string[] = [];
    const paths = ['/products/p-tent', '/categories/outdoor/products', '/customers/c-sofja'];
    const asks = Array.from({ length: 1_000 }, (_, index) => async () => {
      if (index % 40 > 0) return (await pages(paths[index % 3] ?? '')).status;
      const { statuses, orderId } = await buy('p-tent', { customerId: 'c-sofja' });
      orders.push(orderId);
      return Math.max(...statuses);
    });
    const statuses = await sideBySide(asks, 8);
    await shop.cloud.tick();
    const outageMs = Date.now() - stoppedAtMs;
    const { body: last } = await page('/products/p-tent');
    expect([statuses.length, statuses.filter((status) => status >= 300)]).toEqual([1_000, []]);
    expect(last).toMatchObject({ version: 1, value: { name: 'Two-person tent' } });
    expect(last.stalenessMs).toBeGreaterThan(outageMs);
    // So it has grown: it was less than that before.
    expect(before.stalenessMs).toBeLessThan(outageMs);

    shop.running(OWNERS, true);
    await shop.cloud.idle();
    await shop.minutes();
    const after = await vi.waitFor(async () => {
      const { body } = await page('/products/p-tent?maxStalenessMs=4999');
      expect(body).toMatchObject({ value: { name: 'Three-person tent' } });
      return body;
    }, 5_000);
    expect(after.stalenessMs).toBeLessThan(5_000);
    expect((await pages('/customers/c-sofja')).body).toMatchObject({ customer: { value: { tier: 'gold' } } });
    const printed = new Set((await shop.itemsOf('Shipping-Labels')).map(({ id }) => id?.S));
    expect(orders.filter((orderId) => !printed.has(orderId))).toEqual([]);
  }, 60_000);
});

test('catalog answers a put with 429 and when to come again while ordering lags', async () => {
  const { flowTable: tableName } = ownerIn(shop.cloud, catalog);
  const decision = { state: 'refusing' as const, retryAfterSeconds: 40, levels: {}, missing: [] };
  const decidedAtMs = Date.now();
  const times = { decidedAtMs, validUntilMs: decidedAtMs + 60_000 };
  await createFlowStore({ client: shop.client, tableName }).saveDecision({ ...decision, ...times });
  const refused = await shop.call('Catalog', 'Products', 'PUT /products/p-rope', products[7]?.state);
  expect(refused).toMatchObject({ status: 429, body: { code: 'Backpressure' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
});

describe('what left payment', () => {
  /** Has payment fail on an order's details once, and finds them again. @returns the order's id */
  async function failedOnce(): Promise<string> {
    const TableName = shop.cloud.outputs.Payment?.PaymentDetailsTable;
    const set = (shoppingCartId: string, details: string) =>
      shop.client.send(
        new UpdateItemCommand({
          ...{ TableName, Key: { id: { S: shoppingCartId } }, UpdateExpression: 'SET details = :details' },
          ...{ ExpressionAttributeValues: { ':details': { S: details } }, ReturnValues: 'UPDATED_OLD' },
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

  test('holds no card and no billing field, even where payment fails on them', async () => {
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
    // What it looks at is what there is.
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
