import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Facts } from 'freshet-aws';
import * as z from 'zod/mini';
import { unlessDone, withoutConflict } from '../service/writes.ts';
import type payment from './contracts.ts';
import type { DetailsTable } from './details-table.ts';
import type { Payment, Payments } from './payments.ts';

const charge = z.object({ paymentId: z.string(), outcome: z.enum(['billed', 'declined']) });
const refund = z.object({ refundId: z.string() });

/** Opens payment's tables for charging. An order's item contains the known parts of its payment. */
export function createPayments(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly details: Pick<DetailsTable, 'givenFor' | 'removeDetails'>;
  readonly facts: Facts<typeof payment.publishes>;
}): Payments {
  const { client, tableName: TableName, details, facts } = options;
  const keyOf = (orderId: string) => ({ TableName, Key: { id: { S: orderId } } });

  /**
   * Marks an order.
   *
   * @returns its payment before or after the mark
   */
  const mark = async (
    orderId: string,
    name: 'begun' | 'cancelled',
    returned: 'ALL_OLD' | 'ALL_NEW',
  ): Promise<Payment> => {
    const update = new UpdateItemCommand({
      ...keyOf(orderId),
      UpdateExpression: `SET ${name} = :true`,
      ExpressionAttributeValues: { ':true': { BOOL: true } },
      ReturnValues: returned,
    });
    return paymentOf((await withoutConflict(() => client.send(update))).Attributes);
  };

  /** Stores a part of an order's payment and commits its fact, both or neither. Does nothing if the part is stored. */
  const settlePart = (orderId: string, part: 'charge' | 'refund', value: object, fact: TransactWriteItem) => {
    const update = {
      ...keyOf(orderId),
      UpdateExpression: 'SET #part = :value',
      ConditionExpression: 'attribute_not_exists(#part)',
      ExpressionAttributeNames: { '#part': part },
      ExpressionAttributeValues: { ':value': { S: JSON.stringify(value) } },
    };
    return unlessDone(client, new TransactWriteItemsCommand({ TransactItems: [{ Update: update }, fact] }));
  };

  return {
    ...details,
    begin: (orderId) => mark(orderId, 'begun', 'ALL_OLD'),
    cancel: (orderId) => mark(orderId, 'cancelled', 'ALL_NEW'),
    async payment(orderId) {
      const { Item } = await client.send(new GetItemCommand({ ...keyOf(orderId), ConsistentRead: true }));
      return paymentOf(Item);
    },
    settle(orderId, { paymentId, outcome }) {
      const fact = facts.put(outcome === 'billed' ? 'OrderBilled' : 'PaymentDeclined', { orderId, paymentId });
      return settlePart(orderId, 'charge', { paymentId, outcome }, fact);
    },
    settleRefund(orderId, { paymentId }, { refundId }) {
      return settlePart(orderId, 'refund', { refundId }, facts.put('PaymentRefunded', { orderId, paymentId }));
    },
  };
}

function paymentOf(item: Readonly<Record<string, AttributeValue>> = {}): Payment {
  return {
    begun: item.begun?.BOOL ?? false,
    cancelled: item.cancelled?.BOOL ?? false,
    charge: item.charge?.S === undefined ? undefined : charge.parse(JSON.parse(item.charge.S)),
    refund: item.refund?.S === undefined ? undefined : refund.parse(JSON.parse(item.refund.S)),
  };
}
