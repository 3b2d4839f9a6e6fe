import { type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { isWritten, withoutConflict } from '../service/writes.ts';
import { type Cart, cart, type Quote, quote } from './order.ts';

/** How long a cart is kept that is never placed, in seconds. */
const CART_SECONDS = 30 * 86_400;

/** A stored cart with its last quote, and the id that an order for this quote has. */
export interface StoredCart extends Cart {
  /** Undefined until the first review. */
  readonly quoted: { readonly quote: Quote; readonly orderId: string } | undefined;
}

/** Shopping carts, in ordering's own table. */
export interface Carts {
  /** Stores a new cart. */
  begin(cart: Cart): Promise<void>;
  /** Returns a cart; undefined if it doesn't exist. */
  cart(shoppingCartId: string): Promise<StoredCart | undefined>;
  /**
   * Replaces a cart's quote.
   *
   * @returns whether it did; false if the cart is already placed or doesn't exist
   */
  saveQuote(shoppingCartId: string, orderId: string, quote: Quote): Promise<boolean>;
}

/** Returns the key of a cart's item. An order is placed in one transaction with its cart. */
export function cartKey(TableName: string, shoppingCartId: string) {
  return { TableName, Key: { id: { S: `cart/${shoppingCartId}` } } };
}

/** Opens the carts in ordering's table. */
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
      return isWritten(withoutConflict(() => client.send(update)));
    },
  };
}
