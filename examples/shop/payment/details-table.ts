import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { isTaken } from '../../../adapters/aws/condition.ts';
import { type Agreement, agreement } from '../ordering/agreement.ts';
import type { GivenForCart, PaymentDetails } from './payments.ts';

/** What a customer gives: the card, and where the bill goes. */
export const paymentDetails = z.strictObject({
  card: z.strictObject({
    number: z.string().check(z.regex(/^\d{12,19}$/)),
    holder: z.string().check(z.minLength(1), z.maxLength(100)),
    expires: z.string().check(z.regex(/^\d{4}-\d{2}$/)),
  }),
  billingAddress: z.string().check(z.minLength(1), z.maxLength(500)),
});

/** As ordering makes it. */
export const shoppingCartId = z.uuid();

/**
 * How long what is given is kept where no order comes of it: as long as a cart can be placed, 30 days, and the 28 days that a fact may lie in its queue and in
 * the dead-letter queue. An order that is dealt with later is declined.
 */
const KEEP_SECONDS = 60 * 86_400;

/** Cards and addresses by shopping cart, in a table of their own, which forgets. */
export interface DetailsTable {
  /** Keeps or replaces a part. @returns whether it did: not once an order of the cart has been dealt with */
  give(shoppingCartId: string, part: { details: PaymentDetails } | { agreement: Agreement }): Promise<boolean>;
  givenFor(shoppingCartId: string): Promise<GivenForCart>;
  /** Forgets what was given; nothing can be given for the cart any more. */
  forget(shoppingCartId: string): Promise<void>;
}

export function createDetailsTable(client: DynamoDBClient, TableName: string): DetailsTable {
  const keyOf = (cartId: string) => ({ TableName, Key: { id: { S: cartId } } });
  const expires = () => ({ N: String(Math.ceil(Date.now() / 1000) + KEEP_SECONDS) });

  return {
    async give(cartId, part) {
      const [name = '', value] = Object.entries(part)[0] ?? [];
      return isTaken(
        client.send(
          new UpdateItemCommand({
            ...keyOf(cartId),
            UpdateExpression: 'SET #part = :part, expiresAt = :expires',
            ConditionExpression: 'attribute_not_exists(forgotten)',
            ExpressionAttributeNames: { '#part': name },
            ExpressionAttributeValues: { ':part': { S: JSON.stringify(value) }, ':expires': expires() },
          }),
        ),
      );
    },
    async givenFor(cartId) {
      const { Item = {} } = await client.send(new GetItemCommand({ ...keyOf(cartId), ConsistentRead: true }));
      // The door let in nothing else: what can't be read isn't the customer's fault, and no reason to decline.
      return {
        details: Item.details?.S === undefined ? undefined : paymentDetails.parse(JSON.parse(Item.details.S)),
        agreement: Item.agreement?.S === undefined ? undefined : agreement.parse(JSON.parse(Item.agreement.S)),
      };
    },
    async forget(cartId) {
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
