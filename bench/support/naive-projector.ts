import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';

// A projector as the documentation of its libraries suggests it, with the SDK clients that Freshet's projector has.

const envelope = z.object({
  type: z.string(),
  subject: z.string(),
  entityversion: z.string(),
  data: z.record(z.string(), z.unknown()),
});
const client = new DynamoDBClient({});
const queues = new SQSClient({});
const logger = new Logger({ serviceName: 'naive' });
const metrics = new Metrics({ namespace: 'Naive', serviceName: 'naive' });
const processor = new SqsFifoPartialProcessorAsync();

/** Applies a batch of events to a table. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const response = await processPartialResponse(event, apply, processor);
  metrics.publishStoredMetrics();
  return response;
}

async function apply({ body }: SQSRecord): Promise<void> {
  const read = envelope.safeParse(JSON.parse(body));
  if (!read.success) {
    logger.warn('parked');
    await queues.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: body }));
    return;
  }
  const { type, subject, entityversion, data } = read.data;
  try {
    await client.send(
      new PutItemCommand({
        TableName: process.env.CACHE_TABLE,
        Item: {
          pk: { S: type },
          id: { S: subject },
          version: { N: entityversion },
          data: { S: JSON.stringify(data) },
        },
        ConditionExpression: 'attribute_not_exists(pk) OR version < :version',
        ExpressionAttributeValues: { ':version': { N: entityversion } },
      }),
    );
    metrics.addMetric('Applied', MetricUnit.Count, 1);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
