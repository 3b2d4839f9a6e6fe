import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { isTaken } from '../../../adapters/condition.ts';
import type { Facts } from '../../../adapters/facts.ts';
import { unlessDone, withoutConflict } from '../service/writes.ts';
import { type Cart, cart, type Order, order, type PaymentState, type Quote, quote } from './order.ts';
import type ordering from './selling.ts';

const DAY_MS = 86_400_000;

/** How long a cart is kept that nobody places, seconds. */
const CART_SECONDS = 30 * 86_400;

/** How long an order can be cancelled: well within the 60 days for which the warehouse's saga remembers it, so that its parcel is called back. */
export const CANCELLABLE_DAYS = 30;

/** A cart as it is stored: with its last quote, and the id of the order that comes of it. */
export interface StoredCart extends Cart {
  readonly quoted: { readonly quote: Quote; readonly orderId: string } | undefined;
}

/** Carts and orders, in ordering's own table. */
export interface Orders {
  begin(cart: Cart): Promise<void>;
  cart(shoppingCartId: string): Promise<StoredCart | undefined>;
  /** Keeps the quote of a cart instead of the one before. @returns whether it did: not once the cart is placed */
  saveQuote(shoppingCartId: string, orderId: string, quote: Quote): Promise<boolean>;
  order(orderId: string): Promise<Order | undefined>;
  /**
   * The order and the fact that it was placed, together or not at all; nothing where the cart was placed before, or was quoted anew meanwhile. So one
   * order comes of a cart.
   */
  place(order: Omit<Order, 'status' | 'payment' | 'placedAt'>): Promise<void>;
  /** The change of the order and the fact of it, alike; nothing where there is no such order, it is too old, or cancelled already. */
  cancel(orderId: string): Promise<void>;
}

/** Opens ordering's table for the checkout. */
export function createOrders(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly facts: Facts<typeof ordering.publishes>;
  readonly nowMs?: () => number;
}): Orders {
  const { client, tableName: TableName, facts, nowMs = Date.now } = options;
  const keyOf = (kind: 'cart' | 'order', id: string) => ({ TableName, Key: { id: { S: `${kind}/${id}` } } });
  const read = async (kind: 'cart' | 'order', id: string) => {
    const { Item } = await client.send(new GetItemCommand({ ...keyOf(kind, id), ConsistentRead: true }));
    return Item;
  };

  return {
    async begin(begun) {
      const expiresAt = { N: String(Math.ceil(nowMs() / 1000) + CART_SECONDS) };
      const Item = { ...keyOf('cart', begun.shoppingCartId).Key, data: { S: JSON.stringify(begun) }, expiresAt };
      await client.send(new PutItemCommand({ TableName, Item }));
    },
    async cart(shoppingCartId) {
      const item = await read('cart', shoppingCartId);
      if (item?.data?.S === undefined) return undefined;
      const { quote: quoted, orderId } = item;
      return {
        ...cart.parse(JSON.parse(item.data.S)),
        quoted:
          quoted?.S === undefined || orderId?.S === undefined
            ? undefined
            : { quote: quote.parse(JSON.parse(quoted.S)), orderId: orderId.S },
      };
    },
    async saveQuote(shoppingCartId, orderId, saved) {
      const update = new UpdateItemCommand({
        ...keyOf('cart', shoppingCartId),
        UpdateExpression: 'SET quote = :quote, orderId = :order',
        ConditionExpression: 'attribute_not_exists(isPlaced)',
        ExpressionAttributeValues: { ':quote': { S: JSON.stringify(saved) }, ':order': { S: orderId } },
      });
      return isTaken(withoutConflict(() => client.send(update)));
    },
    async order(orderId) {
      const item = await read('order', orderId);
      if (item?.data?.S === undefined) return undefined;
      const { status, payment, placedAt } = item;
      return order.parse({ ...JSON.parse(item.data.S), status: status?.S, payment: payment?.S, placedAt: placedAt?.S });
    },
    async place(placed) {
      const { orderId, shoppingCartId } = placed;
      const placedAt = new Date(nowMs()).toISOString();
      const Item = {
        ...keyOf('order', orderId).Key,
        ...{ data: { S: JSON.stringify(placed) }, status: { S: 'placed' }, placedAt: { S: placedAt } },
      };
      const cartUpdate = {
        ...keyOf('cart', shoppingCartId),
        UpdateExpression: 'SET isPlaced = :true REMOVE expiresAt',
        ConditionExpression: 'orderId = :order AND attribute_not_exists(isPlaced)',
        ExpressionAttributeValues: { ':true': { BOOL: true }, ':order': { S: orderId } },
      };
      await unlessDone(
        client,
        new TransactWriteItemsCommand({
          TransactItems: [
            { Update: cartUpdate },
            { Put: { TableName, Item } },
            facts.put('OrderPlaced', { orderId, shoppingCartId }),
          ],
        }),
      );
    },
    async cancel(orderId) {
      const update = {
        ...keyOf('order', orderId),
        UpdateExpression: 'SET #status = :cancelled',
        ConditionExpression: '#status = :placed AND placedAt >= :since',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ...{ ':cancelled': { S: 'cancelled' }, ':placed': { S: 'placed' } },
          ':since': { S: new Date(nowMs() - CANCELLABLE_DAYS * DAY_MS).toISOString() },
        },
      };
      await unlessDone(
        client,
        new TransactWriteItemsCommand({
          TransactItems: [{ Update: update }, facts.put('OrderCancelled', { orderId })],
        }),
      );
    },
  };
}

/**
 * Notes what became of an order's payment, whatever comes first: a refund outlasts what came before it and what comes after.
 *
 * @throws Error where there is no such order
 */
export function createPaymentNotes(client: DynamoDBClient, TableName: string) {
  return async (orderId: string, state: PaymentState): Promise<void> => {
    const isLast = state === 'refunded';
    const update = new UpdateItemCommand({
      TableName,
      Key: { id: { S: `order/${orderId}` } },
      UpdateExpression: 'SET payment = :state',
      ConditionExpression: `attribute_exists(id)${isLast ? '' : ' AND attribute_not_exists(payment)'}`,
      ExpressionAttributeValues: { ':state': { S: state } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    try {
      await withoutConflict(() => client.send(update));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException) || error.Item === undefined) throw error;
    }
  };
}
