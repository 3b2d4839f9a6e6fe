import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Facts } from '../../../adapters/facts.ts';
import { unlessDone } from '../service/transaction.ts';
import { type Cart, cart, type Order, order, type PaymentState, type Quote, quote } from './order.ts';
import type ordering from './selling.ts';

/** A cart as it is stored: with its last quote, and the id of the order that comes of it. */
export interface StoredCart extends Cart {
  readonly quoted: { readonly quote: Quote; readonly orderId: string } | undefined;
  readonly isPlaced: boolean;
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
  place(order: Omit<Order, 'status' | 'payment'>): Promise<void>;
  /** The change of the order and the fact of it, alike; nothing where there is no such order, or it is cancelled already. */
  cancel(orderId: string): Promise<void>;
}

/** Opens ordering's table for the checkout. */
export function createOrders(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly facts: Facts<typeof ordering.publishes>;
}): Orders {
  const { client, tableName: TableName, facts } = options;
  const keyOf = (kind: 'cart' | 'order', id: string) => ({ TableName, Key: { id: { S: `${kind}/${id}` } } });
  const read = async (kind: 'cart' | 'order', id: string) => {
    const { Item } = await client.send(new GetItemCommand({ ...keyOf(kind, id), ConsistentRead: true }));
    return Item;
  };

  return {
    async begin(begun) {
      const Item = { ...keyOf('cart', begun.shoppingCartId).Key, data: { S: JSON.stringify(begun) } };
      await client.send(new PutItemCommand({ TableName, Item }));
    },
    async cart(shoppingCartId) {
      const item = await read('cart', shoppingCartId);
      if (item?.data?.S === undefined) return undefined;
      const { quote: quoted, orderId, isPlaced } = item;
      return {
        ...cart.parse(JSON.parse(item.data.S)),
        quoted:
          quoted?.S === undefined || orderId?.S === undefined
            ? undefined
            : { quote: quote.parse(JSON.parse(quoted.S)), orderId: orderId.S },
        isPlaced: isPlaced?.BOOL ?? false,
      };
    },
    async saveQuote(shoppingCartId, orderId, saved) {
      const update = new UpdateItemCommand({
        ...keyOf('cart', shoppingCartId),
        UpdateExpression: 'SET quote = :quote, orderId = :order',
        ConditionExpression: 'attribute_not_exists(isPlaced)',
        ExpressionAttributeValues: { ':quote': { S: JSON.stringify(saved) }, ':order': { S: orderId } },
      });
      try {
        await client.send(update);
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
    async order(orderId) {
      const item = await read('order', orderId);
      if (item?.data?.S === undefined) return undefined;
      return order.parse({ ...JSON.parse(item.data.S), status: item.status?.S, payment: item.payment?.S });
    },
    async place(placed) {
      const { orderId, shoppingCartId } = placed;
      const Item = { ...keyOf('order', orderId).Key, data: { S: JSON.stringify(placed) }, status: { S: 'placed' } };
      const cartUpdate = {
        ...keyOf('cart', shoppingCartId),
        UpdateExpression: 'SET isPlaced = :true',
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
        ConditionExpression: '#status = :placed',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':cancelled': { S: 'cancelled' }, ':placed': { S: 'placed' } },
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
    try {
      await client.send(
        new UpdateItemCommand({
          TableName,
          Key: { id: { S: `order/${orderId}` } },
          UpdateExpression: 'SET payment = :state',
          ConditionExpression: `attribute_exists(id)${isLast ? '' : ' AND attribute_not_exists(payment)'}`,
          ExpressionAttributeValues: { ':state': { S: state } },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException) || error.Item === undefined) throw error;
    }
  };
}
