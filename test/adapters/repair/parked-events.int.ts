import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/aws/clients.ts';
import { createDiverting, createPostponing } from '../../../adapters/project/set-aside.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import type { Queue } from '../../../local/fifo/queue.ts';
import { startMessaging, type TestMessaging } from '../../support/messaging.ts';

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
  return {
    messageId: 'm-1',
    groupId: 'Thing/a',
    sequenceNumber: '1',
    sentAtMs: 0,
    body: '{"poison":',
    receiveCount: 1,
    ...given,
  };
}

const waiting = () =>
  queue.receive(10).map(({ body, groupId, messageAttributes }) => ({
    body,
    groupId,
    reason: messageAttributes.reason?.StringValue,
    explanation: messageAttributes.explanation?.StringValue,
  }));

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
