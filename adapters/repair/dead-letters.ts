import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import type { SQSRecord } from 'aws-lambda';
import type { ReceivedMessage } from '../../core/project/ports.ts';
import type { DeadLetterPorts } from '../../core/repair/dead-letter.ts';
import { ATTRIBUTE } from '../aws/items.ts';
import { ALONE } from '../project/parked-items.ts';
import { receivedMessage } from '../project/queue.ts';

/**
 * Reads a record of a cache's dead-letter queue, under the id that the message had in the cache's queue: SQS makes it
 * the deduplication id of a FIFO dead letter (sqs/sqs-configure-dead-letter-queue-redrive).
 */
export function deadMessage(record: SQSRecord): ReceivedMessage {
  const { messageId, ...message } = receivedMessage(record);
  return { ...message, messageId: record.attributes.MessageDeduplicationId ?? messageId };
}

/** Finds out whether a message crashed the projector, from the projector's notes in the parking table. */
export function createCrashNotes({
  client,
  parkingTable,
}: {
  readonly client: DynamoDBClient;
  readonly parkingTable: string;
}): Pick<DeadLetterPorts, 'hasCrashed'> {
  return {
    async hasCrashed({ groupId, messageId }) {
      const query = {
        TableName: parkingTable,
        KeyConditionExpression: '#pk = :group AND begins_with(#id, :alone)',
        FilterExpression: 'messageId = :message AND attribute_exists(tries)',
        ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
        ExpressionAttributeValues: {
          ':group': { S: groupId },
          ':alone': { S: ALONE },
          ':message': { S: messageId },
        },
        ConsistentRead: true,
      };
      for await (const { Items = [] } of paginateQuery({ client }, query)) if (Items.length > 0) return true;
      return false;
    },
  };
}
