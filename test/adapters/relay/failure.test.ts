import type { SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { relayFailure } from '../../../adapters/relay/failure.ts';

const record = (body: unknown) =>
  ({
    messageId: 'm-1',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { SentTimestamp: '5000' },
  }) as unknown as SQSRecord;

const Keys = { pk: { S: 'Thing#3' }, id: { S: 'a' } };
const diverted = { sequenceNumber: '100', reason: 'removed', explanation: 'gone' };

describe("a message of the relay's failure queue", () => {
  test.each([
    ['the whole record', { ...diverted, record: { dynamodb: { Keys } } }],
    ['only the keys', { ...diverted, keys: Keys }],
  ])('a diverted record with %s is parked under its entity', (_, body) => {
    expect(relayFailure(record(body), 9_000, 'owned')).toEqual({
      status: 'parked',
      message: {
        messageId: 'm-1',
        groupId: 'Thing/a',
        sequenceNumber: '100',
        body: JSON.stringify(body),
        receiveCount: 1,
        sentAtMs: 5_000,
        firstReceivedAtMs: 9_000,
      },
      reason: 'removed',
      explanation: 'gone',
      entity: { type: 'Thing', id: 'a' },
      version: undefined,
      parkedAtMs: 9_000,
    });
  });

  test('a diverted record whose images exceed the size of an item is parked with its keys only', () => {
    const image = { state: { S: 'x'.repeat(248 * 1024) } };
    const body = { ...diverted, record: { dynamodb: { Keys, NewImage: image, OldImage: image } } };
    const { message, entity } = relayFailure(record(body), 0, 'owned');
    expect(JSON.parse(message.body)).toEqual({ ...diverted, keys: Keys });
    expect(entity).toEqual({ type: 'Thing', id: 'a' });
  });

  test('a diverted record whose keys name no entity is parked under the relay', () => {
    const body = { ...diverted, reason: 'unreadable', keys: { pk: { N: '1' } } };
    expect(relayFailure(record(body), 0, 'owned')).toMatchObject({
      reason: 'unreadable',
      entity: undefined,
      message: { groupId: 'relay', sequenceNumber: '100' },
    });
  });

  test.each([
    ['relay', 'owned', 'published: compare the caches with the owner'],
    ['adopter', 'existing', 'copied from the existing table: the next survey copies what they changed'],
  ])('a message about records that the mapping of the %s gave up says what to do', (_, table, what) => {
    const streamArn = `arn:aws:dynamodb:eu-west-1:111122223333:table/${table}/stream/2026-11-30T00:00:00.000`;
    const DDBStreamBatchInfo = { streamArn, shardId: 'shard-1', startSequenceNumber: '7', endSequenceNumber: '9' };
    expect(relayFailure(record({ version: '1.0', DDBStreamBatchInfo }), 0, 'owned')).toMatchObject({
      reason: 'given-up',
      explanation: `records 7 to 9 of shard-1 were never ${what}`,
      message: { groupId: 'relay', sequenceNumber: '7' },
    });
  });

  test.each([
    '',
    'null',
    '{',
    '[]',
    '{"sequenceNumber":"","reason":"removed"}',
    '{"reason":"made up"}',
  ])('any other message is parked under its message id: %s', (body) => {
    expect(relayFailure(record(body), 0, 'owned')).toMatchObject({
      reason: 'given-up',
      explanation: expect.stringContaining('not a message of the relay'),
      message: { groupId: 'relay', sequenceNumber: 'm-1' },
    });
  });
});
