import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { type Agreement, agreement } from '../ordering/agreement.ts';
import { isWritten } from '../service/writes.ts';
import type { GivenForCart, PaymentDetails } from './payments.ts';

/** The payment details that a customer sends: card and billing address. */
export const paymentDetails = z.strictObject({
  card: z.strictObject({
    number: z.string().check(z.regex(/^\d{12,19}$/)),
    holder: z.string().check(z.minLength(1), z.maxLength(100)),
    expires: z.string().check(z.regex(/^\d{4}-\d{2}$/)),
  }),
  billingAddress: z.string().check(z.minLength(1), z.maxLength(500)),
});

/** The id of a shopping cart, as ordering creates it. */
export const shoppingCartId = z.uuid();

/**
 * How long the details of a cart are kept that never becomes an order, in seconds. A cart can be placed for 30 days,
 * and its fact can wait 28 days in the queue and the dead-letter queue. An order that is processed later is declined.
 */
const KEEP_SECONDS = 60 * 86_400;

/** Cards and addresses by shopping cart, in a table of their own without backups. */
export interface DetailsTable {
  /**
   * Stores or replaces a part of the details.
   *
   * @returns whether it did; false if the cart's order is already processed
   */
  give(shoppingCartId: string, part: { details: PaymentDetails } | { agreement: Agreement }): Promise<boolean>;
  /** Returns what the customer sent for a cart. */
  givenFor(shoppingCartId: string): Promise<GivenForCart>;
  /** Removes the details of a cart. No details can be stored for the cart after that. */
  removeDetails(shoppingCartId: string): Promise<void>;
}

/** Opens payment's table of payment details. */
export function createDetailsTable(client: DynamoDBClient, TableName: string): DetailsTable {
  const keyOf = (cartId: string) => ({ TableName, Key: { id: { S: cartId } } });
  const expires = () => ({ N: String(Math.ceil(Date.now() / 1000) + KEEP_SECONDS) });

  return {
    async give(cartId, part) {
      const [name = '', value] = Object.entries(part)[0] ?? [];
      const update = new UpdateItemCommand({
        ...keyOf(cartId),
        UpdateExpression: 'SET #part = :part, expiresAt = :expires',
        ConditionExpression: 'attribute_not_exists(forgotten)',
        ExpressionAttributeNames: { '#part': name },
        ExpressionAttributeValues: { ':part': { S: JSON.stringify(value) }, ':expires': expires() },
      });
      return isWritten(client.send(update));
    },
    async givenFor(cartId) {
      const { Item = {} } = await client.send(new GetItemCommand({ ...keyOf(cartId), ConsistentRead: true }));
      // The details were validated when they were stored. If they can't be parsed now, that is a bug and no reason to
      // decline.
      return {
        details: Item.details?.S === undefined ? undefined : paymentDetails.parse(JSON.parse(Item.details.S)),
        agreement: Item.agreement?.S === undefined ? undefined : agreement.parse(JSON.parse(Item.agreement.S)),
      };
    },
    async removeDetails(cartId) {
      await client.send(
        new UpdateItemCommand({
          ...keyOf(cartId),
          UpdateExpression: 'SET forgotten = :true REMOVE details, agreement, expiresAt',
          ExpressionAttributeValues: { ':true': { BOOL: true } },
        }),
      );
    },
  };
}
