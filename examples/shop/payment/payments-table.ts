import {
  type DynamoDBClient,
  GetItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { Item } from '../../../adapters/aws/items.ts';
import type { Facts } from '../../../adapters/facts/outbox.ts';
import { unlessDone, withoutConflict } from '../service/writes.ts';
import type payment from './contracts.ts';
import type { DetailsTable } from './details-table.ts';
import type { Payment, Payments } from './payments.ts';

const charge = z.object({ paymentId: z.string(), outcome: z.enum(['billed', 'declined']) });
const refund = z.object({ refundId: z.string() });

/** Opens payment's tables for charging. An order's item has what is known of its payment, each part from when it is. */
export function createPayments(options: {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly details: Pick<DetailsTable, 'givenFor' | 'forget'>;
  readonly facts: Facts<typeof payment.publishes>;
}): Payments {
  const { client, tableName: TableName, details, facts } = options;
  const keyOf = (orderId: string) => ({ TableName, Key: { id: { S: orderId } } });

  /** Notes something with an order. @returns what was known of its payment before, or after */
  const note = async (orderId: string, mark: 'begun' | 'cancelled', known: 'ALL_OLD' | 'ALL_NEW'): Promise<Payment> => {
    const update = new UpdateItemCommand({
      ...keyOf(orderId),
      UpdateExpression: `SET ${mark} = :true`,
      ExpressionAttributeValues: { ':true': { BOOL: true } },
      ReturnValues: known,
    });
    return paymentOf((await withoutConflict(() => client.send(update))).Attributes);
  };

  /** Keeps a part and commits the fact of it, unless the part is kept already. */
  const keep = (orderId: string, part: 'charge' | 'refund', value: object, fact: TransactWriteItem) => {
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
    begin: (orderId) => note(orderId, 'begun', 'ALL_OLD'),
    cancel: (orderId) => note(orderId, 'cancelled', 'ALL_NEW'),
    async payment(orderId) {
      const { Item } = await client.send(new GetItemCommand({ ...keyOf(orderId), ConsistentRead: true }));
      return paymentOf(Item);
    },
    settle(orderId, { paymentId, outcome }) {
      const fact = facts.put(outcome === 'billed' ? 'OrderBilled' : 'PaymentDeclined', { orderId, paymentId });
      return keep(orderId, 'charge', { paymentId, outcome }, fact);
    },
    settleRefund(orderId, { paymentId }, { refundId }) {
      return keep(orderId, 'refund', { refundId }, facts.put('PaymentRefunded', { orderId, paymentId }));
    },
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
