import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFacts } from '../../../adapters/facts/outbox.ts';
import { orderIdOf } from '../../../examples/shop/ordering/agreement.ts';
import { createCarts } from '../../../examples/shop/ordering/carts-table.ts';
import { agreementOf, type Quote } from '../../../examples/shop/ordering/order.ts';
import {
  CANCELLABLE_DAYS,
  createOrders,
  createPaymentStates,
  type Orders,
} from '../../../examples/shop/ordering/orders-table.ts';
import ordering from '../../../examples/shop/ordering/selling.ts';
import payment from '../../../examples/shop/payment/contracts.ts';
import { createDetailsTable } from '../../../examples/shop/payment/details-table.ts';
import { createGatewayBooks } from '../../../examples/shop/payment/gateway-table.ts';
import { createPayments } from '../../../examples/shop/payment/payments-table.ts';
import { serviceTable } from '../../../examples/shop/service/table.ts';
import { createLabels } from '../../../examples/shop/warehouse/labels.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { stackTemplate } from '../../support/shop.ts';
import { startTables, type TestTables } from '../../support/tables.ts';
import { type OpenedPayments, paymentsContract } from './payments-contract.ts';

let tables: TestTables;
let client: DynamoDBClient;
/** Names of the test's tables, created like the deployed ones: of the services, and of facts. */
let names: { services: readonly string[]; facts: string };

beforeAll(async () => {
  tables = await startTables();
  client = tables.client;
  const service = stackTemplate((stack) => void serviceTable(stack, 'Table', 'development'));
  const services: string[] = [];
  for (const _ of ['orders', 'payments', 'details', 'labels', 'gateway'])
    services.push(await tables.createLike(service));
  const topic = stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: payment }));
  names = { services, facts: await tables.createLike(topic) };
});
afterAll(() => tables.stop());

const nameOf = (index: number): string => names.services[index] ?? '';

/** Returns the ids of all committed facts, such as `OrderPlaced/o1`. */
async function facts(): Promise<string[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: names.facts, ConsistentRead: true }));
  return Items.map(({ id }) => id?.S ?? '');
}

function openPayments(): OpenedPayments {
  const details = createDetailsTable(client, nameOf(2));
  return {
    payments: createPayments({
      client,
      tableName: nameOf(1),
      details,
      facts: createFacts({ boundary: payment, tableName: names.facts, client }),
    }),
    async give(cart, given) {
      if (given.details) await details.give(cart, { details: given.details });
      if (given.agreement) await details.give(cart, { agreement: given.agreement });
    },
    facts,
  };
}

paymentsContract('on the engine', openPayments);

test("payment's table accepts no details for a cart whose details were removed", async () => {
  const details = createDetailsTable(client, nameOf(2));
  const agreement = { amount: 1, currency: 'EUR', key: randomUUID() };
  const cart = randomUUID();
  expect(await details.give(cart, { agreement })).toBe(true);
  await details.removeDetails(cart);
  expect(await details.give(cart, { agreement })).toBe(false);
});

describe("ordering's table", () => {
  const open = (nowMs = Date.now): Orders =>
    createOrders({
      client,
      tableName: nameOf(0),
      nowMs,
      facts: createFacts({ boundary: ordering, tableName: names.facts, client }),
    });
  const quoteOf = (amount: number): Quote => ({ lines: [], total: { amount, currency: 'EUR' } });

  /** Stores a cart and its quotes, one after the other. Returns the order that each quote would result in. */
  async function quoted(...amounts: readonly number[]) {
    const carts = createCarts(client, nameOf(0));
    const cart = { shoppingCartId: randomUUID(), key: randomUUID(), customerId: 'c', lines: [] };
    await carts.begin(cart);
    const all = amounts.map((amount) => {
      const quote = quoteOf(amount);
      return { quote, orderId: orderIdOf(cart.shoppingCartId, agreementOf(cart, quote)) };
    });
    for (const { orderId, quote } of all) await carts.saveQuote(cart.shoppingCartId, orderId, quote);
    const { shoppingCartId, customerId } = cart;
    return all.map((one) => ({ ...one, shoppingCartId, customerId }));
  }

  test("ordering's table places only a cart's last quote, and places it once", async () => {
    const orders = open();
    const [before, last] = await quoted(100, 200);
    if (before === undefined || last === undefined) throw new Error('two quotes');
    await orders.place(before);
    expect(await orders.order(before.orderId)).toBeUndefined();
    await orders.place(last);
    await orders.place(last);
    expect(await orders.order(last.orderId)).toMatchObject({ status: 'placed', quote: { total: { amount: 200 } } });
    expect((await facts()).filter((id) => id === `OrderPlaced/${last.orderId}`)).toHaveLength(1);
    expect(await createCarts(client, nameOf(0)).saveQuote(last.shoppingCartId, before.orderId, before.quote)).toBe(
      false,
    );
    // A placed cart doesn't expire, so that a repeated request returns its order.
    const { Items = [] } = await client.send(new ScanCommand({ TableName: nameOf(0), ConsistentRead: true }));
    const stored = Items.find(({ id }) => id?.S === `cart/${last.shoppingCartId}`);
    expect([stored?.isPlaced, stored?.expiresAt]).toEqual([{ BOOL: true }, undefined]);
  });

  test("ordering's table cancels an order once, and refuses when the order is too old", async () => {
    let nowMs = Date.now();
    const orders = open(() => nowMs);
    const [young] = await quoted(100);
    const [old] = await quoted(100);
    if (young === undefined || old === undefined) throw new Error('a quote each');
    for (const one of [young, old]) await orders.place(one);
    for (const _ of [1, 2]) await orders.cancel(young.orderId);
    nowMs += CANCELLABLE_DAYS * 86_400_000 + 1;
    await orders.cancel(old.orderId);
    expect((await orders.order(young.orderId))?.status).toBe('cancelled');
    expect((await orders.order(old.orderId))?.status).toBe('placed');
    const cancelled = (await facts()).filter((id) => id.startsWith('OrderCancelled/'));
    expect(cancelled).toEqual([`OrderCancelled/${young.orderId}`]);
  });

  test.each([
    ['billed', ['billed']],
    ['declined', ['declined', 'billed']],
    ['refunded', ['billed', 'refunded']],
    ['refunded', ['refunded', 'billed']],
  ] as const)('an order is %s after the payment states %j', async (known, states) => {
    const orders = open();
    const [one] = await quoted(100);
    if (one === undefined) throw new Error('a quote');
    await orders.place(one);
    const store = createPaymentStates(client, nameOf(0));
    for (const state of states) await store(one.orderId, state);
    expect((await orders.order(one.orderId))?.payment).toBe(known);
  });

  test('the payment state of an unknown order is refused', async () => {
    await expect(createPaymentStates(client, nameOf(0))('none', 'billed')).rejects.toThrow(/conditional/i);
  });
});

describe("the warehouse's table", () => {
  test("the warehouse's table prints a label once, and none for a parcel that was recalled before", async () => {
    const labels = createLabels(client, nameOf(3));
    expect([await labels.print('o1', 'k'), await labels.print('o1', 'k')]).toEqual([true, false]);
    expect([await labels.recall('o1'), await labels.recall('o1')]).toEqual([true, true]);
    expect([await labels.recall('o2'), await labels.print('o2', 'k')]).toEqual([false, false]);
  });
});

test("the fake gateway's books count each attempt, charge and refund", async () => {
  const books = createGatewayBooks(client, nameOf(4));
  const booked = { charge: { paymentId: 'p1', outcome: 'billed' }, behaviour: 'good' } as const;
  expect([await books.attempt('charge', 'o1'), await books.attempt('charge', 'o1')]).toEqual([1, 2]);
  expect(await books.attempt('refund', 'o1')).toBe(1);
  expect(await books.find('o1')).toEqual({ refunds: 0 });
  await books.bookCharge('o1', booked, 100);
  for (const _ of [1, 2]) await books.bookRefund('o1');
  expect(await books.find('o1')).toEqual({ booked, refunds: 2 });
});
