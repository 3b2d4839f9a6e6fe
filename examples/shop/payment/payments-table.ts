import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { Facts } from '../../../adapters/facts.ts';
import { unlessDone } from '../service/transaction.ts';
import type payment from './contracts.ts';
import type { CartDetailsTable } from './details-table.ts';
import type { Payment, Payments } from './payments.ts';

const charge = z.object({ paymentId: z.string(), outcome: z.enum(['billed', 'declined']) });
const refund = z.object({ refundId: z.string() });

type Item = NonNullable<ConstructorParameters<typeof UpdateItemCommand>[0]['Key']>;

/** Opens payment's tables for charging. An order's item has what is known of its payment, each part from when it is. */
export function createPayments(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly details: Pick<CartDetailsTable, 'cart' | 'forget'>;
  readonly facts: Facts<typeof payment.publishes>;
}): Payments {
  const { client, tableName: TableName, details, facts } = options;
  const keyOf = (orderId: string) => ({ TableName, Key: { id: { S: orderId } } });

  /** Keeps a part and commits the fact of it, unless the part is kept already. */
  const keep = (
    orderId: string,
    part: 'charge' | 'refund',
    value: object,
    fact: Parameters<typeof facts.put>[0],
    paymentId: string,
  ) =>
    unlessDone(
      client,
      new TransactWriteItemsCommand({
        TransactItems: [
          {
            Update: {
              ...keyOf(orderId),
              UpdateExpression: 'SET #part = :value',
              ConditionExpression: 'attribute_not_exists(#part)',
              ExpressionAttributeNames: { '#part': part },
              ExpressionAttributeValues: { ':value': { S: JSON.stringify(value) } },
            },
          },
          facts.put(fact, { orderId, paymentId }),
        ],
      }),
    );

  return {
    ...details,
    async begin(orderId) {
      try {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            ...keyOf(orderId),
            UpdateExpression: 'SET begun = :true',
            ConditionExpression: 'attribute_not_exists(cancelled) OR attribute_exists(begun)',
            ExpressionAttributeValues: { ':true': { BOOL: true } },
            ReturnValues: 'ALL_OLD',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return paymentOf(Attributes);
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return paymentOf(error.Item);
        throw error;
      }
    },
    async cancel(orderId) {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          ...keyOf(orderId),
          UpdateExpression: 'SET cancelled = :true',
          ExpressionAttributeValues: { ':true': { BOOL: true } },
          ReturnValues: 'ALL_NEW',
        }),
      );
      return paymentOf(Attributes);
    },
    async payment(orderId) {
      const { Item } = await client.send(new GetItemCommand({ ...keyOf(orderId), ConsistentRead: true }));
      return paymentOf(Item);
    },
    settle: (orderId, { paymentId, outcome }) =>
      keep(
        ...([orderId, 'charge', { paymentId, outcome }] as const),
        ...([outcome === 'billed' ? 'OrderBilled' : 'PaymentDeclined', paymentId] as const),
      ),
    settleRefund: (orderId, { paymentId }, { refundId }) =>
      keep(orderId, 'refund', { refundId }, 'PaymentRefunded', paymentId),
  };
}

function paymentOf(item: Item = {}): Payment {
  return {
    begun: item.begun?.BOOL ?? false,
    cancelled: item.cancelled?.BOOL ?? false,
    charge: item.charge?.S === undefined ? undefined : charge.parse(JSON.parse(item.charge.S)),
    refund: item.refund?.S === undefined ? undefined : refund.parse(JSON.parse(item.refund.S)),
  };
}
