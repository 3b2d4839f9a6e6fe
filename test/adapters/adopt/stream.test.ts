import { expect, test } from 'vitest';
import { tableRecord } from '../../../adapters/adopt/stream.ts';

const record = {
  eventName: 'REMOVE',
  eventSourceARN: 'arn:aws:dynamodb:eu-west-1:000000000000:table/parts/stream/2026-11-30T00:00:00.000',
  dynamodb: {
    ApproximateCreationDateTime: 1_796_000_000,
    Keys: { pk: { S: 'a' } },
    OldImage: { pk: { S: 'a' }, v: { N: '3' } },
    SequenceNumber: '4421584500000000017450439091',
  },
} as const;

test('a record has the images, the position in the stream and the time of the change', () => {
  expect(tableRecord(record)).toEqual({
    sequenceNumber: '4421584500000000017450439091',
    streamArn: record.eventSourceARN,
    atMs: 1_796_000_000_000,
    isExpiry: false,
    key: { pk: { S: 'a' } },
    before: { pk: { S: 'a' }, v: { N: '3' } },
    after: undefined,
    kind: 'REMOVE',
  });
});

test.each([
  ['as Lambda writes it', { type: 'Service', principalId: 'dynamodb.amazonaws.com' }, true],
  ['as the API of streams writes it', { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' }, true],
  ['of another service', { type: 'Service', principalId: 'lambda.amazonaws.com' }, false],
])('an expiry is told by the identity %s', (_, userIdentity, isExpiry) => {
  expect(tableRecord({ ...record, userIdentity } as never).isExpiry).toBe(isExpiry);
});
