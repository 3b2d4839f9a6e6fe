import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sqsClient } from '../../adapters/clients.ts';
import { createDiverting, createParking, createPostponing } from '../../adapters/set-aside.ts';
import type { ReceivedMessage } from '../../core/project.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { startMessaging, type TestMessaging } from '../support/messaging.ts';

let local: TestMessaging;
let client: SQSClient;
let queue: Queue;
let queueUrl: string;

beforeAll(async () => {
  local = await startMessaging();
  client = sqsClient({ endpoint: local.url });
});
afterAll(() => local.stop());
beforeEach(({ task }) => {
  queue = local.messaging.createQueue(`${task.id}.fifo`, { FifoQueue: 'true' });
  queueUrl = local.messaging.queueUrl(queue);
});

function message(given: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return { messageId: 'm-1', groupId: 'Thing/a', body: '{"poison":', receiveCount: 1, ...given };
}

const waiting = () =>
  queue.receive(10).map(({ body, groupId, messageAttributes }) => ({
    body,
    groupId,
    reason: messageAttributes.reason?.StringValue,
    explanation: messageAttributes.explanation?.StringValue,
  }));

describe('parking', () => {
  test('keeps body and group and adds the reason with its explanation', async () => {
    await createParking({ client, queueUrl })(message(), 'malformed', 'not JSON: it ends too early');
    expect(waiting()).toEqual([
      { body: '{"poison":', groupId: 'Thing/a', reason: 'malformed', explanation: 'not JSON: it ends too early' },
    ]);
  });

  test.each([
    ['control characters', 'a\u0000b\u0007c\td\ne\uffff', 'a\ufffdb\ufffdc\td\ne\ufffd'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
    ['an endless text', '東'.repeat(5_000), '東'.repeat(1_000)],
    ['a pair cut in half', `${'x'.repeat(999)}🇨🇭`, `${'x'.repeat(999)}\ufffd`],
  ])('brings an explanation with %s into what SQS takes', async (_, given, kept) => {
    await createParking({ client, queueUrl })(message(), 'invalid', given);
    expect(waiting()).toMatchObject([{ explanation: kept }]);
  });

  test('tried again within five minutes parks once; another message is parked beside it', async () => {
    const park = createParking({ client, queueUrl });
    await park(message(), 'malformed', 'first');
    await park(message(), 'malformed', 'again');
    await park(message({ messageId: 'm-2' }), 'malformed', 'another');
    expect(waiting().map(({ explanation }) => explanation)).toEqual(['first', 'another']);
  });

  test('throws when the queue cannot take it, so that the message goes back to where it was', async () => {
    const park = createParking({ client, queueUrl: `${queueUrl}-gone` });
    await expect(park(message(), 'malformed', 'x')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});

describe('postponing', () => {
  test('hides messages until the seconds have passed', async () => {
    for (const id of ['a', 'b']) queue.send({ body: id, groupId: id, deduplicationId: id });
    const taken = queue.receive(10);
    const handles = new Map(taken.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
    const postpone = createPostponing({ client, queueUrl, receiptHandle: (id) => handles.get(id) });
    await postpone(
      taken.map(({ messageId, body }) => message({ messageId, body })),
      60,
    );
    local.advance(59_000);
    expect(waiting()).toEqual([]);
    local.advance(1_000);
    expect(waiting().map(({ body }) => body)).toEqual(['a', 'b']);
  });
});

describe('diverting', () => {
  beforeEach(({ task }) => {
    queue = local.messaging.createQueue(`${task.id}-standard`);
    queueUrl = local.messaging.queueUrl(queue);
  });

  const record = (state: string): DynamoDBRecord => ({
    eventName: 'MODIFY',
    dynamodb: { SequenceNumber: '7', Keys: { id: { S: 'a' } }, NewImage: { state: { S: state } } },
  });

  test('keeps the whole record with its reason', async () => {
    const small = record('{}');
    await createDiverting({ client, queueUrl, record: () => small })('7', 'unreadable', 'no\u0000digest');
    const [{ body, reason, explanation } = { body: '' }] = waiting();
    expect(JSON.parse(body)).toEqual({
      sequenceNumber: '7',
      reason: 'unreadable',
      explanation: 'no\u0000digest',
      record: small,
    });
    expect([reason, explanation]).toEqual(['unreadable', 'no\ufffddigest']);
  });

  test('keeps the keys of a record that is too large for a message', async () => {
    const large = record('x'.repeat(1024 * 1024));
    await createDiverting({ client, queueUrl, record: () => large })('7', 'too-large', '東'.repeat(2_000));
    const [{ body } = { body: '' }] = waiting();
    expect(JSON.parse(body)).toMatchObject({ sequenceNumber: '7', reason: 'too-large', keys: { id: { S: 'a' } } });
  });

  test('takes a record of any size up to the largest message', async () => {
    const fits = record('x'.repeat(1024 * 1024 - 4_096 - 3_500));
    await createDiverting({ client, queueUrl, record: () => fits })('7', 'refused', '東'.repeat(1_000));
    const [{ body } = { body: '' }] = waiting();
    expect(body.length).toBeGreaterThan(1_000_000);
  });
});
