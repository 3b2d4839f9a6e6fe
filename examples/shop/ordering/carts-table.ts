import { type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { isTaken } from '../../../adapters/aws/condition.ts';
import { withoutConflict } from '../service/writes.ts';
import { type Cart, cart, type Quote, quote } from './order.ts';

/** How long a cart is kept that nobody places, seconds. */
const CART_SECONDS = 30 * 86_400;

/** A cart as it is stored: with its last quote, and the id of the order that comes of it. */
export interface StoredCart extends Cart {
  readonly quoted: { readonly quote: Quote; readonly orderId: string } | undefined;
}

/** Shopping carts, in ordering's own table. */
export interface Carts {
  begin(cart: Cart): Promise<void>;
  cart(shoppingCartId: string): Promise<StoredCart | undefined>;
  /** Keeps the quote of a cart instead of the one before. @returns whether it did: not once the cart is placed */
  saveQuote(shoppingCartId: string, orderId: string, quote: Quote): Promise<boolean>;
}

/** Where a cart lies: an order is placed in one transaction with it. */
export function cartKey(TableName: string, shoppingCartId: string) {
  return { TableName, Key: { id: { S: `cart/${shoppingCartId}` } } };
}

/** Opens ordering's table for carts. */
export function createCarts(client: DynamoDBClient, TableName: string, nowMs: () => number = Date.now): Carts {
  return {
    async begin(begun) {
      const expiresAt = { N: String(Math.ceil(nowMs() / 1000) + CART_SECONDS) };
      const Item = { ...cartKey(TableName, begun.shoppingCartId).Key, data: { S: JSON.stringify(begun) }, expiresAt };
      await client.send(new PutItemCommand({ TableName, Item }));
    },
    async cart(shoppingCartId) {
      const read = new GetItemCommand({ ...cartKey(TableName, shoppingCartId), ConsistentRead: true });
      const { Item } = await client.send(read);
      if (Item?.data?.S === undefined) return undefined;
      const { quote: quoted, orderId } = Item;
      return {
        ...cart.parse(JSON.parse(Item.data.S)),
        quoted:
          quoted?.S === undefined || orderId?.S === undefined
            ? undefined
            : { quote: quote.parse(JSON.parse(quoted.S)), orderId: orderId.S },
      };
    },
    async saveQuote(shoppingCartId, orderId, saved) {
      const update = new UpdateItemCommand({
        ...cartKey(TableName, shoppingCartId),
        UpdateExpression: 'SET quote = :quote, orderId = :order',
        ConditionExpression: 'attribute_exists(id) AND attribute_not_exists(isPlaced)',
        ExpressionAttributeValues: { ':quote': { S: JSON.stringify(saved) }, ':order': { S: orderId } },
      });
      return isTaken(withoutConflict(() => client.send(update)));
    },
  };
}
