import type { DynamoDBStreamEvent } from 'aws-lambda';
import { snsClient } from '../../../adapters/aws/clients.ts';
import { streamChange } from '../../../adapters/relay/stream.ts';
import { createPublisher } from '../../../adapters/relay/topic.ts';
import { deduplicationId, messageGroupId } from '../../../core/entity.ts';
import { MAX_BATCH_ENTRIES } from '../../../core/relay/batch.ts';
import type { OutgoingMessage } from '../../../core/relay/message.ts';
import { required } from '../../../lambdas/environment.ts';

const publish = createPublisher({ client: snsClient(), topicArn: required('TOPIC_ARN') });

/** Publishes type, id and version of each changed entity; after several changes in a batch, only the newest. */
export async function handler({ Records }: DynamoDBStreamEvent): Promise<void> {
  const newest = new Map<string, OutgoingMessage>();
  for (const record of Records) {
    const change = streamChange(record);
    if (change.kind !== 'committed') continue;
    const { entity, version } = change.owned;
    const body = JSON.stringify({ ...entity, version });
    const groupId = messageGroupId(entity);
    newest.set(groupId, {
      groupId,
      deduplicationId: deduplicationId(entity, version),
      type: entity.type,
      body,
      bytes: body.length,
    });
  }
  const messages = [...newest.values()];
  for (let from = 0; from < messages.length; from += MAX_BATCH_ENTRIES) {
    const results = await publish(messages.slice(from, from + MAX_BATCH_ENTRIES));
    // The stream then delivers the whole batch again, and the topic drops the messages that it already has.
    for (const result of results) if (result.kind !== 'published') throw new Error(result.message);
  }
}
