import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { GatewayBooks } from './fake-gateway.ts';

const booked = z.object({
  charge: z.object({ paymentId: z.string(), outcome: z.enum(['billed', 'declined']) }),
  behaviour: z.string(),
});

/** The fake gateway's books in a table, so that they outlive a function: attempts, how often money was taken and given back, and how much. */
export function createGatewayBooks(client: DynamoDBClient, TableName: string): GatewayBooks {
  const key = (id: string) => ({ TableName, Key: { id: { S: id } } });
  /** Counts up. @returns the new count of the first name */
  const add = async (id: string, counts: Readonly<Record<string, number>>, data?: string): Promise<number> => {
    const names = Object.keys(counts);
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        ...key(id),
        UpdateExpression: `ADD ${names.map((name) => `${name} :${name}`).join(', ')}${data === undefined ? '' : ' SET booked = :data'}`,
        ExpressionAttributeValues: {
          ...Object.fromEntries(names.map((name) => [`:${name}`, { N: String(counts[name]) }])),
          ...(data !== undefined && { ':data': { S: data } }),
        },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    return Number(Attributes?.[names[0] ?? '']?.N);
  };
  return {
    attempt: (kind, idempotencyKey) => add(idempotencyKey, { [`${kind}Attempts`]: 1 }),
    async bookCharge(idempotencyKey, entry, amount) {
      const charges = entry.charge.outcome === 'billed' ? 1 : 0;
      await add(idempotencyKey, { charges, amount }, JSON.stringify(entry));
    },
    async bookRefund(idempotencyKey) {
      await add(idempotencyKey, { refunds: 1 });
    },
    async find(idempotencyKey) {
      const { Item = {} } = await client.send(new GetItemCommand({ ...key(idempotencyKey), ConsistentRead: true }));
      const entry = booked.safeParse(JSON.parse(Item.booked?.S ?? 'null')).data;
      return { ...(entry && { booked: entry }), refunds: Number(Item.refunds?.N ?? 0) };
    },
  };
}
