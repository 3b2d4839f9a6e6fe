import type { DynamoDBBatchResponse, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createEffectRetries, dynamoDbClient, effectBatch } from '../../../package/index.ts';

const retries = createEffectRetries({ client: dynamoDbClient(), settings: process.env.EFFECT_RETRIES ?? '' });

/** Carries out each effect by doing nothing. */
export function handler(event: DynamoDBStreamEvent | SQSEvent): Promise<DynamoDBBatchResponse & SQSBatchResponse> {
  const done = async () => undefined;
  return effectBatch({ CreateShippingLabel: done, RecallLabel: done }, event, { retries });
}
