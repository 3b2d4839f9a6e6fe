import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createFactQueue, dynamoDbClient, factBatch } from '../../../package/index.ts';
import sales from '../../sagas/sales.ts';

const queue = createFactQueue({ client: dynamoDbClient(), settings: process.env.FACT_QUEUE ?? '' });

/** Accepts each order. */
export function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return factBatch({ contracts: [sales.publishes.OrderPlaced], work: async () => undefined, queue }, event);
}
