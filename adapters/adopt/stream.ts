import type { DynamoDBRecord } from 'aws-lambda';
import type { WireItem } from '../../core/adopt/item.ts';
import type { TableRecord } from '../../core/adopt/record.ts';

/** Principal of the service that removes expired items, in stream records (ddb/time-to-live-ttl-streams). */
const TTL_PRINCIPAL = 'dynamodb.amazonaws.com';

/** Reads a record of an existing table's stream. */
export function tableRecord({ eventName, eventSourceARN, dynamodb, userIdentity }: DynamoDBRecord): TableRecord {
  // The attribute values of a Lambda event have the form of DynamoDB's API, with binary as base64 text.
  const { Keys, OldImage, NewImage } = (dynamodb ?? {}) as Images;
  // Lambda writes the names in lower case, and the API of streams in upper case.
  const { principalId, PrincipalId = principalId } = (userIdentity ?? {}) as Readonly<Record<string, unknown>>;
  return {
    sequenceNumber: dynamodb?.SequenceNumber ?? '',
    streamArn: eventSourceARN ?? '',
    atMs: (dynamodb?.ApproximateCreationDateTime ?? 0) * 1000,
    isExpiry: eventName === 'REMOVE' && PrincipalId === TTL_PRINCIPAL,
    key: Keys ?? {},
    before: OldImage,
    after: NewImage,
    kind: eventName ?? 'MODIFY',
  };
}

interface Images {
  readonly Keys?: WireItem;
  readonly OldImage?: WireItem;
  readonly NewImage?: WireItem;
}
