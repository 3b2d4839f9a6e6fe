import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { Facts } from '../../../adapters/facts.ts';
import { unlessDone } from '../service/transaction.ts';
import type { PaymentDetails, Payments } from './charge.ts';
import type payment from './contracts.ts';

/** What a customer gives: the card, where the bill goes, and the total that was agreed to at the review. */
export const paymentDetails = z.strictObject({
  card: z.strictObject({
    number: z.string().check(z.regex(/^\d{12,19}$/)),
    holder: z.string().check(z.minLength(1), z.maxLength(100)),
    expires: z.string().check(z.regex(/^\d{4}-\d{2}$/)),
  }),
  billingAddress: z.string().check(z.minLength(1), z.maxLength(500)),
  amount: z.int().check(z.minimum(1)),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
});

/** As ordering makes it. */
export const shoppingCartId = z.uuid();

const charge = z.object({ paymentId: z.string(), outcome: z.enum(['billed', 'declined']) });

/** Where the details of a shopping cart are stored: the one thing that the function at the door may do. */
export function createDetails(client: DynamoDBClient, TableName: string) {
  return async (shoppingCartId: string, details: PaymentDetails): Promise<void> => {
    const Item = { id: { S: `details/${shoppingCartId}` }, data: { S: JSON.stringify(details) } };
    await client.send(new PutItemCommand({ TableName, Item }));
  };
}

/** Opens payment's table for charging. */
export function createPayments(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly facts: Facts<typeof payment.publishes>;
}): Payments {
  const { client, tableName: TableName, facts } = options;
  const read = async (id: string): Promise<unknown> => {
    const { Item } = await client.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }));
    return JSON.parse(Item?.data?.S ?? 'null');
  };
  return {
    details: async (shoppingCartId) => paymentDetails.safeParse(await read(`details/${shoppingCartId}`)).data,
    outcome: async (orderId) => charge.safeParse(await read(`payment/${orderId}`)).data,
    async begin(orderId) {
      const Item = { id: { S: `begun/${orderId}` } };
      try {
        await client.send(new PutItemCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(id)' }));
        return 'begun';
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return 'known';
        throw error;
      }
    },
    async settle(orderId, { paymentId, outcome }) {
      const Item = { id: { S: `payment/${orderId}` }, data: { S: JSON.stringify({ paymentId, outcome }) } };
      const fact = outcome === 'billed' ? 'OrderBilled' : 'PaymentDeclined';
      await unlessDone(
        client,
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName, Item, ConditionExpression: 'attribute_not_exists(id)' } },
            facts.put(fact, { orderId, paymentId }),
          ],
        }),
      );
    },
  };
}
