import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { sqsClient } from '../../../adapters/aws/clients.ts';
import { createPostponing } from '../../../adapters/project/postpone.ts';
import { receivedMessage } from '../../../adapters/project/queue.ts';
import { postponeSeconds } from '../../../core/retries.ts';
import { required } from '../../../lambdas/environment.ts';
import { callOwner } from './call-owner.ts';
import { storeCopy } from './copy.ts';

const notification = z.object({ type: z.string(), id: z.string(), version: z.int() });

const client = sqsClient();
const queueUrl = required('QUEUE_URL');

/** Asks the owner once for each changed entity in a batch, and stores the answer. */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const groups = new Map<string, SQSRecord[]>();
  for (const record of Records) {
    const group = record.attributes.MessageGroupId ?? '';
    groups.set(group, [...(groups.get(group) ?? []), record]);
  }
  const results = await Promise.all([...groups.values()].map(askFor));
  console.log(JSON.stringify({ answered: results.filter((isAnswered) => isAnswered).length }));
  const failed = [...groups.values()].filter((_, index) => !results[index]);
  await Promise.all(failed.map(postpone));
  return { batchItemFailures: failed.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** Whether the owner answered and the copy has that state or a newer one. */
async function askFor(records: readonly SQSRecord[]): Promise<boolean> {
  const { type, id } = notification.parse(JSON.parse(records.at(-1)?.body ?? ''));
  try {
    const entity = await callOwner(type, id);
    if (entity !== undefined) await storeCopy(type, id, entity);
    return true;
  } catch {
    return false;
  }
}

/** Hides a group for longer with each attempt, as a cache's projector does. */
async function postpone(records: readonly SQSRecord[]): Promise<void> {
  const handles = new Map(records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const receiptHandle = (messageId: string) => handles.get(messageId);
  const messages = records.map(receivedMessage);
  const receives = Math.max(...messages.map(({ receiveCount }) => receiveCount));
  await createPostponing({ client, queueUrl, receiptHandle })(messages, postponeSeconds(receives));
}
