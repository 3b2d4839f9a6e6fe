import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { z } from 'zod';

// A relay as the documentation of its libraries suggests it, with the SDK clients that Freshet's relay has.

const image = z.object({ id: z.object({ S: z.string() }), state: z.object({ S: z.string() }) });
const client = new DynamoDBClient({});
const topics = new SNSClient({});
const queues = new SQSClient({});
const logger = new Logger({ serviceName: 'naive' });
const metrics = new Metrics({ namespace: 'Naive', serviceName: 'naive' });
const processor = new BatchProcessor(EventType.DynamoDBStreams);

/** Publishes a batch of a table's stream. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  await client.send(new GetItemCommand({ TableName: process.env.FLOW_TABLE, Key: { pk: { S: 'flow' } } }));
  const response = await processPartialResponse(event, publish, processor);
  metrics.publishStoredMetrics();
  return response;
}

async function publish({ dynamodb }: DynamoDBRecord): Promise<void> {
  const read = image.safeParse(dynamodb?.NewImage);
  if (!read.success) {
    logger.warn('diverted');
    const message = { QueueUrl: process.env.FAILURE_QUEUE_URL, MessageBody: JSON.stringify(dynamodb) };
    await queues.send(new SendMessageCommand(message));
    return;
  }
  const { id, state } = read.data;
  await topics.send(new PublishCommand({ TopicArn: process.env.TOPIC_ARN, Message: state.S, MessageGroupId: id.S }));
  metrics.addMetric('Published', MetricUnit.Count, 1);
}
