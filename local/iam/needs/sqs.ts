import { ANY, type Need, type Place } from './need.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * The IAM actions of an SQS operation. A batch uses the action of the single operation: SendMessageBatch needs
 * `sqs:SendMessage` (sqs/sqs-api-permissions-reference, 2026-12-01).
 */
export function sqsNeeds(operation: string, input: Input, place: Place): Need[] {
  const arn = (name: string) => `arn:aws:sqs:${place.region}:${place.accountId}:${name}`;
  const action = `sqs:${operation.replace(/Batch$/, '')}`;
  const { QueueUrl: url, QueueName: name, SourceArn: source, DestinationArn: destination } = input;
  if (typeof url === 'string') return [{ action, resource: arn(url.slice(url.lastIndexOf('/') + 1)) }];
  if (typeof name === 'string') return [{ action, resource: arn(name) }];
  if (typeof source !== 'string') return [{ action, resource: ANY }];
  if (operation !== 'StartMessageMoveTask') return [{ action, resource: source }];
  // sqs-api/API_StartMessageMoveTask. Without a destination, each message returns to its original queue. The request
  // doesn't name these queues, so the caller needs the permission to send to all queues.
  const takes = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
  const needs = [action, ...takes].map((action) => ({ action, resource: source }));
  return typeof destination === 'string'
    ? [...needs, { action: 'sqs:SendMessage', resource: destination }]
    : [...needs, { action: 'sqs:SendMessage', resource: ANY }];
}
