import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/aws/clients.ts';
import { createDiverting } from '../../../adapters/relay/divert.ts';
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
  queue = local.messaging.createQueue(`${task.id}-failures`);
  queueUrl = local.messaging.queueUrl(queue);
});

const waiting = () =>
  queue.receive(10).map(({ body, messageAttributes }) => ({
    body,
    reason: messageAttributes.reason?.StringValue,
    explanation: messageAttributes.explanation?.StringValue,
  }));

describe('the diversion of a record', () => {
  const record = (state: string): DynamoDBRecord => ({
    eventName: 'MODIFY',
    dynamodb: { SequenceNumber: '7', Keys: { id: { S: 'a' } }, NewImage: { state: { S: state } } },
  });

  test('a diverted record is in the failure queue as a whole, with its reason', async () => {
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

  test('a diverted record may hold characters that SQS refuses', async () => {
    const odd = record('a\ufffe\uffff\u0001\ud800 "\\');
    await createDiverting({ client, queueUrl, record: () => odd })('7', 'unreadable', 'no \uffff');
    const [{ body } = { body: '' }] = waiting();
    expect(JSON.parse(body)).toEqual({
      sequenceNumber: '7',
      reason: 'unreadable',
      explanation: 'no \uffff',
      record: odd,
    });
  });

  test('a diverted record that is too large for a message is reduced to its keys', async () => {
    const large = record('x'.repeat(1024 * 1024));
    await createDiverting({ client, queueUrl, record: () => large })('7', 'too-large', '東'.repeat(2_000));
    const [{ body } = { body: '' }] = waiting();
    expect(JSON.parse(body)).toMatchObject({ sequenceNumber: '7', reason: 'too-large', keys: { id: { S: 'a' } } });
  });

  test('a diverted record up to the largest message size stays whole', async () => {
    const fits = record('x'.repeat(1024 * 1024 - 4_096 - 3_500));
    await createDiverting({ client, queueUrl, record: () => fits })('7', 'refused', '東'.repeat(1_000));
    const [{ body } = { body: '' }] = waiting();
    expect(body.length).toBeGreaterThan(1_000_000);
  });
});
