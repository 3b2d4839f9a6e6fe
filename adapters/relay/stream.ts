import type { DynamoDBRecord } from 'aws-lambda';
import type { StreamChange } from '../../core/relay/message.ts';
import { ATTRIBUTE, type Item, ownedEntity } from '../aws/items.ts';

/** The service that removes expired items, as a stream record names it (ddb/time-to-live-ttl-streams). */
const TTL_PRINCIPAL = 'dynamodb.amazonaws.com';

/** Reads a record of the owner table's stream. Whatever it holds, it ends as a change that the relay can account for. */
export function streamChange(record: DynamoDBRecord): StreamChange {
  const sequenceNumber = record.dynamodb?.SequenceNumber ?? '';
  if (record.eventName === 'REMOVE') {
    const identity = record.userIdentity as { principalId?: string; type?: string } | undefined;
    return identity?.principalId === TTL_PRINCIPAL
      ? { sequenceNumber, kind: 'expired' }
      : {
          sequenceNumber,
          kind: 'unpublishable',
          reason: 'removed',
          message: 'the item was removed from the table and its version counter with it; delete through the owner',
        };
  }
  try {
    // The Lambda event's attribute values are DynamoDB's wire form, which the SDK's type describes too.
    const { NewImage = {}, OldImage } = (record.dynamodb ?? {}) as { NewImage?: Item; OldImage?: Item };
    const owned = ownedEntity(NewImage);
    const previous = OldImage === undefined ? undefined : ownedEntity(OldImage);
    const token = NewImage[ATTRIBUTE.resync]?.S;
    const isResync = previous?.version === owned.version && token !== OldImage?.[ATTRIBUTE.resync]?.S;
    return { sequenceNumber, kind: 'committed', owned, previous, resync: isResync ? token : undefined };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unreadable';
    return { sequenceNumber, kind: 'unpublishable', reason: 'unreadable', message };
  }
}
