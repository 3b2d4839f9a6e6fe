import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { UpdateEventSourceMappingCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import type { Item } from 'freshet-aws/internal/adapters/aws/items';
import * as z from 'zod/mini';
import { startFunction } from '../../clients/functions.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { placesNamed } from '../parked/parking-places.ts';

const item = z.custom<Item>((given) => typeof given === 'object' && given !== null);

/** One step that takes a rehearsal back. A step that has nothing to take back changes nothing. */
export const undo = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), functionName: z.string() }),
  z.object({ kind: z.literal('handler'), functionName: z.string(), handler: z.string() }),
  z.object({ kind: z.literal('enable'), mapping: z.string() }),
  z.object({ kind: z.literal('attributes'), queueUrl: z.string(), attributes: z.record(z.string(), z.string()) }),
  /** Puts an item back that a rehearsal damaged, unless the attribute is there again. */
  z.object({ kind: z.literal('put'), table: z.string(), item, unless: z.string() }),
  z.object({ kind: z.literal('delete'), table: z.string(), key: item }),
  /** Discards the parked events of a message group. */
  z.object({ kind: z.literal('discard'), place: z.string(), groupId: z.string() }),
  /** Deletes the messages with this text in their body from a queue without a function. */
  z.object({ kind: z.literal('remove'), queueUrl: z.string(), text: z.string() }),
]);

/** See `undo`. */
export type Undo = z.infer<typeof undo>;

/** Carries out one step. */
export async function takeBack(deployment: Deployment, step: Undo): Promise<void> {
  const { functions, queues, tables } = deployment.clients;
  switch (step.kind) {
    case 'start':
      return startFunction(functions, step.functionName);
    case 'handler':
      await functions.send(
        new UpdateFunctionConfigurationCommand({ FunctionName: step.functionName, Handler: step.handler }),
      );
      return;
    case 'enable':
      await functions.send(new UpdateEventSourceMappingCommand({ UUID: step.mapping, Enabled: true }));
      return;
    case 'attributes':
      await queues.send(new SetQueueAttributesCommand({ QueueUrl: step.queueUrl, Attributes: step.attributes }));
      return;
    case 'put':
      await tables
        .send(
          new PutItemCommand({
            TableName: step.table,
            Item: step.item,
            ConditionExpression: 'attribute_not_exists(#unless)',
            ExpressionAttributeNames: { '#unless': step.unless },
          }),
        )
        .catch((error: unknown) => {
          if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error;
        });
      return;
    case 'delete':
      await tables.send(new DeleteItemCommand({ TableName: step.table, Key: step.key }));
      return;
    case 'discard':
      for (const { parked } of placesNamed(deployment, step.place)) {
        const events = await parked.ofGroup(step.groupId);
        await parked.remove(events.map(({ message }) => message));
      }
      return;
    case 'remove':
      return removeMessages(deployment, step.queueUrl, step.text);
  }
}

/** Receives every visible message once. A message without the text becomes visible again at once. */
async function removeMessages({ clients }: Deployment, QueueUrl: string, text: string): Promise<void> {
  const others: string[] = [];
  for (;;) {
    const { Messages = [] } = await clients.queues.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 60 }),
    );
    if (Messages.length === 0) break;
    for (const { Body = '', ReceiptHandle = '' } of Messages) {
      if (Body.includes(text)) await clients.queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      else others.push(ReceiptHandle);
    }
  }
  for (const ReceiptHandle of others)
    await clients.queues.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
}
