import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Facts } from 'freshet-aws';
import { unlessDone, withoutConflict } from '../service/writes.ts';
import { cartKey } from './carts-table.ts';
import { type Order, order, type PaymentState } from './order.ts';
import type ordering from './selling.ts';

const DAY_MS = 86_400_000;

/**
 * Days for which an order can be cancelled. The warehouse's saga remembers an order for 60 days, so it still recalls
 * the parcel.
 */
export const CANCELLABLE_DAYS = 30;

/** Orders, in ordering's own table. */
export interface Orders {
  /** Returns an order; undefined if it doesn't exist. */
  order(orderId: string): Promise<Order | undefined>;
  /**
   * Stores an order and commits its OrderPlaced, both or neither. Does nothing if the cart is already placed or has a
   * newer quote, so that a cart results in one order at most.
   */
  place(order: Omit<Order, 'status' | 'payment' | 'placedAt'>): Promise<void>;
  /**
   * Cancels an order and commits its OrderCancelled, both or neither. Does nothing if the order doesn't exist, is too
   * old or is already cancelled.
   */
  cancel(orderId: string): Promise<void>;
}

/** Opens the orders in ordering's table. */
export function createOrders(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly facts: Facts<typeof ordering.publishes>;
  readonly nowMs?: () => number;
}): Orders {
  const { client, tableName: TableName, facts, nowMs = Date.now } = options;
  const keyOf = (orderId: string) => ({ TableName, Key: { id: { S: `order/${orderId}` } } });

  return {
    async order(orderId) {
      const { Item } = await client.send(new GetItemCommand({ ...keyOf(orderId), ConsistentRead: true }));
      if (Item?.data?.S === undefined) return undefined;
      const { status, payment, placedAt } = Item;
      return order.parse({ ...JSON.parse(Item.data.S), status: status?.S, payment: payment?.S, placedAt: placedAt?.S });
    },
    async place(placed) {
      const { orderId, shoppingCartId } = placed;
      const placedAt = new Date(nowMs()).toISOString();
      const Item = {
        ...keyOf(orderId).Key,
        data: { S: JSON.stringify(placed) },
        status: { S: 'placed' },
        placedAt: { S: placedAt },
      };
      const cartUpdate = {
        ...cartKey(TableName, shoppingCartId),
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
        ...keyOf(orderId),
        UpdateExpression: 'SET #status = :cancelled',
        ConditionExpression: '#status = :placed AND placedAt >= :since',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':cancelled': { S: 'cancelled' },
          ':placed': { S: 'placed' },
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
 * Returns a function that stores the state of an order's payment. Facts can arrive in any order: a refund replaces
 * every earlier state, and no later state replaces a refund.
 *
 * The function throws if the order doesn't exist.
 */
export function createPaymentStates(client: DynamoDBClient, TableName: string) {
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
