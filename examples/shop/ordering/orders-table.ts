import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { Facts } from '../../../adapters/facts.ts';
import { unlessDone } from '../service/transaction.ts';
import { type Cart, cart, type Order, order } from './order.ts';
import type ordering from './selling.ts';

/** Carts and orders, in ordering's own table. */
export interface Orders {
  saveCart(cart: Cart): Promise<void>;
  cart(shoppingCartId: string): Promise<Cart | undefined>;
  order(orderId: string): Promise<Order | undefined>;
  /** The order and the fact that it was placed, together or not at all; nothing where it was placed before. */
  place(order: Order): Promise<void>;
  /** The change of the order and the fact of it, alike; nothing where there is no such order, or it is cancelled already. */
  cancel(orderId: string): Promise<void>;
}

export function createOrders(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly facts: Facts<typeof ordering.publishes>;
}): Orders {
  const { client, tableName: TableName, facts } = options;

  const read = async (id: string): Promise<unknown> => {
    const { Item } = await client.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }));
    return Item?.data?.S === undefined ? undefined : { ...JSON.parse(Item.data.S), status: Item.status?.S };
  };

  return {
    async saveCart(saved) {
      const Item = { id: { S: `cart/${saved.shoppingCartId}` }, data: { S: JSON.stringify(saved) } };
      await client.send(new PutItemCommand({ TableName, Item }));
    },
    cart: async (shoppingCartId) => known(cart.safeParse(await read(`cart/${shoppingCartId}`))),
    order: async (orderId) => known(order.safeParse(await read(`order/${orderId}`))),
    async place({ status, ...data }) {
      const { orderId, shoppingCartId } = data;
      const Item = { id: { S: `order/${orderId}` }, data: { S: JSON.stringify(data) }, status: { S: status } };
      await unlessDone(
        client,
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(id)' } },
            facts.put('OrderPlaced', { orderId, shoppingCartId }),
          ],
        }),
      );
    },
    async cancel(orderId) {
      await unlessDone(
        client,
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              Update: {
                TableName,
                Key: { id: { S: `order/${orderId}` } },
                UpdateExpression: 'SET #status = :cancelled',
                ConditionExpression: '#status = :placed',
                ExpressionAttributeNames: { '#status': 'status' },
                ExpressionAttributeValues: { ':cancelled': { S: 'cancelled' }, ':placed': { S: 'placed' } },
              },
            },
            facts.put('OrderCancelled', { orderId }),
          ],
        }),
      );
    },
  };
}

function known<T>(parsed: { readonly data?: T | undefined }): T | undefined {
  return parsed.data;
}
