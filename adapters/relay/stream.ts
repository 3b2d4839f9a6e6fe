import type { DynamoDBRecord } from 'aws-lambda';
import type { StreamChange } from '../../core/relay/message.ts';
import { ATTRIBUTE, type Item, ownedEntity } from '../aws/items.ts';

/** Principal of the service that removes expired items, in stream records (ddb/time-to-live-ttl-streams). */
const TTL_PRINCIPAL = 'dynamodb.amazonaws.com';

/** Reads a record of the owner table's stream. Any record gives a change that the relay counts. */
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
          message:
            'the item was removed directly from the table, with its version counter; delete it with `Owner.delete`',
        };
  }
  try {
    // The attribute values of a Lambda event have the same form as the SDK's type.
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
