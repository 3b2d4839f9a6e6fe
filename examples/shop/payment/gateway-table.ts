import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { GatewayBooks } from './fake-gateway.ts';

const booked = z.object({
  charge: z.object({ paymentId: z.string(), outcome: z.enum(['billed', 'declined']) }),
  behaviour: z.string(),
});

/** What is counted for a key. */
type Counted = 'chargeAttempts' | 'refundAttempts' | 'charges' | 'refunds';

/** Opens the fake gateway's books in a table: attempts, charges, refunds and the amount charged, by key. */
export function createGatewayBooks(client: DynamoDBClient, TableName: string): GatewayBooks {
  const key = (id: string) => ({ TableName, Key: { id: { S: id } } });
  /**
   * Counts one more. Each count is a unique member of a set, so that a request that the SDK sends twice counts once.
   *
   * @returns the count
   */
  const count = async (
    id: string,
    counted: Counted,
    set: Readonly<Record<string, { S: string } | { N: string }>> = {},
  ) => {
    const values = Object.entries(set).map(([name, value]) => [`:${name}`, value] as const);
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        ...key(id),
        UpdateExpression: `ADD ${counted} :one ${
          values.length === 0
            ? ''
            : `SET ${Object.keys(set)
                .map((name) => `${name} = :${name}`)
                .join(', ')}`
        }`,
        ExpressionAttributeValues: { ':one': { SS: [randomUUID()] }, ...Object.fromEntries(values) },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Attributes?.[counted]?.SS?.length ?? 0;
  };
  return {
    attempt: (kind, idempotencyKey) => count(idempotencyKey, `${kind}Attempts`),
    async bookCharge(idempotencyKey, entry, amount) {
      const data = { booked: { S: JSON.stringify(entry) } };
      if (entry.charge.outcome === 'billed')
        await count(idempotencyKey, 'charges', { ...data, amount: { N: String(amount) } });
      else await count(idempotencyKey, 'chargeAttempts', data);
    },
    async bookRefund(idempotencyKey) {
      await count(idempotencyKey, 'refunds');
    },
    async find(idempotencyKey) {
      const { Item = {} } = await client.send(new GetItemCommand({ ...key(idempotencyKey), ConsistentRead: true }));
      const entry = booked.safeParse(JSON.parse(Item.booked?.S ?? 'null')).data;
      return { ...(entry && { booked: entry }), refunds: Item.refunds?.SS?.length ?? 0 };
    },
  };
}
