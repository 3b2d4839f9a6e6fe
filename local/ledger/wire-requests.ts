import { type MessageAttributes, sizeBytes } from '../fifo/message.ts';
import { type Input, list, optionalText } from '../wire/input.ts';
import { readAttributes } from '../wire/message-attributes.ts';
import { queueRequest } from './chunks.ts';
import type { ServedRequest } from './ledger.ts';

interface Received {
  readonly Messages?: readonly { readonly Body: string; readonly MessageAttributes?: MessageAttributes }[];
}

/** A request to SQS, billed by the size of the messages that it sends or receives. */
export function sqsRequest(operation: string, caller: string, input: Input, output: object): ServedRequest {
  const url = optionalText(input, 'QueueUrl') ?? '';
  const resource = url.slice(url.lastIndexOf('/') + 1);
  const billed = queueRequest(resource.endsWith('.fifo'), sentBytes(operation, input) + receivedBytes(output));
  return { service: 'SQS', operation, caller, resource, billed };
}

function sentBytes(operation: string, input: Input): number {
  const sent = operation === 'SendMessageBatch' ? list(input, 'Entries') : operation === 'SendMessage' ? [input] : [];
  return sent.reduce((sum, entry) => sum + messageBytes(entry, 'MessageBody'), 0);
}

function receivedBytes({ Messages = [] }: Received): number {
  return Messages.reduce((sum, { Body, MessageAttributes }) => sum + sizeBytes(Body, MessageAttributes), 0);
}

/**
 * A request to SNS. A batch of up to ten messages is billed as one publish request (sns/sns-batch-api-actions), plus
 * its bytes.
 */
export function snsRequest(operation: string, caller: string, input: Input): ServedRequest {
  const arn = optionalText(input, 'TopicArn') ?? optionalText(input, 'TargetArn') ?? '';
  const published = operation === 'PublishBatch' ? list(input, 'PublishBatchRequestEntries') : [input];
  const isPublish = operation === 'PublishBatch' || operation === 'Publish';
  const billed = isPublish && {
    publishRequests: 1,
    publishedBytes: published.reduce((sum, entry) => sum + messageBytes(entry, 'Message'), 0),
  };
  return { service: 'SNS', operation, caller, resource: arn.slice(arn.lastIndexOf(':') + 1), billed: billed || {} };
}

function messageBytes(entry: Input, body: string): number {
  return sizeBytes(optionalText(entry, body) ?? '', readAttributes(entry).messageAttributes);
}

/**
 * A request to CloudWatch. GetMetricData is billed by the metric (CloudWatch pricing); other operations aren't counted.
 */
export function cloudWatchRequest(operation: string, caller: string, body: string): ServedRequest {
  const { MetricDataQueries = [] } = JSON.parse(body) as { MetricDataQueries?: readonly { MetricStat?: unknown }[] };
  const readMetrics = MetricDataQueries.filter(({ MetricStat }) => MetricStat !== undefined).length;
  const billed = operation === 'GetMetricData' ? { readMetrics } : {};
  return { service: 'CloudWatch', operation, caller, resource: '', billed };
}

/**
 * The requests of a delivery: a notification of the topic and a request to the queue.
 * @param bytes the size of body and attributes
 */
export function deliveryRequests(
  topicArn: string,
  queue: { readonly name: string; readonly isFifo: boolean },
  bytes: number,
): ServedRequest[] {
  const billed = { deliveredMessages: 1, deliveredBytes: bytes };
  const topic = topicArn.slice(topicArn.lastIndexOf(':') + 1);
  return [
    { service: 'SNS', operation: 'delivery', caller: 'sns', resource: topic, billed },
    {
      service: 'SQS',
      operation: 'SendMessage',
      caller: 'sns',
      resource: queue.name,
      billed: queueRequest(queue.isFifo, bytes),
    },
  ];
}
