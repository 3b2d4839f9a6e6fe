import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { sqsClient } from '../../../adapters/clients.ts';
import { receivedMessage } from '../../../adapters/queue.ts';
import { createPostponing } from '../../../adapters/set-aside.ts';
import { required } from '../../../lambdas/environment.ts';
import { RETRY_SECONDS } from '../times.ts';
import { callOwner } from './call-owner.ts';
import { storeCopy } from './copy.ts';

const notification = z.object({ type: z.string(), id: z.string(), version: z.int() });

const client = sqsClient();
const queueUrl = required('QUEUE_URL');

/** Asks the owner for each entity that has changed, once for all its notifications of a batch, and stores what it says. */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const groups = new Map<string, SQSRecord[]>();
  for (const record of Records) {
    const group = record.attributes.MessageGroupId ?? '';
    groups.set(group, [...(groups.get(group) ?? []), record]);
  }
  const results = await Promise.all([...groups.values()].map(askFor));
  console.log(JSON.stringify({ stored: results.filter((result) => result === 'stored').length }));
  const failed = [...groups.values()].filter((_, index) => results[index] === 'failed').flat();
  if (failed.length > 0) await postpone(failed);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function askFor(records: readonly SQSRecord[]): Promise<'stored' | 'outdated' | 'failed'> {
  const { type, id } = notification.parse(JSON.parse(records.at(-1)?.body ?? ''));
  try {
    const entity = await callOwner(type, id);
    return entity === undefined ? 'outdated' : await storeCopy(type, id, entity);
  } catch {
    return 'failed';
  }
}

async function postpone(records: readonly SQSRecord[]): Promise<void> {
  const handles = new Map(records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const receiptHandle = (messageId: string) => handles.get(messageId);
  await createPostponing({ client, queueUrl, receiptHandle })(records.map(receivedMessage), RETRY_SECONDS);
}
