import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { GatewayBooks } from './fake-gateway.ts';

const booked = z.object({ paymentId: z.string(), outcome: z.enum(['billed', 'declined']) });

/** The fake gateway's books in a table, so that they outlive a function: attempts, how often money was taken, and how much. */
export function createGatewayBooks(client: DynamoDBClient, TableName: string): GatewayBooks {
  const key = (id: string) => ({ TableName, Key: { id: { S: id } } });
  return {
    async attempt(idempotencyKey) {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          ...key(idempotencyKey),
          UpdateExpression: 'ADD attempts :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return Number(Attributes?.attempts?.N);
    },
    async book(idempotencyKey, charge, amount) {
      await client.send(
        new UpdateItemCommand({
          ...key(idempotencyKey),
          UpdateExpression: 'SET charge = :charge ADD charges :times, amount :amount',
          ExpressionAttributeValues: {
            ':charge': { S: JSON.stringify(charge) },
            ':times': { N: charge.outcome === 'billed' ? '1' : '0' },
            ':amount': { N: String(amount) },
          },
        }),
      );
    },
    async find(idempotencyKey) {
      const { Item } = await client.send(new GetItemCommand({ ...key(idempotencyKey), ConsistentRead: true }));
      return booked.safeParse(JSON.parse(Item?.charge?.S ?? 'null')).data;
    },
  };
}
