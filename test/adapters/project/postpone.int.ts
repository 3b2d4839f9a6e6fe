import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/aws/clients.ts';
import { createPostponing } from '../../../adapters/project/postpone.ts';
import { startMessaging, type TestMessaging } from '../../support/messaging.ts';

let local: TestMessaging;

beforeAll(async () => {
  local = await startMessaging();
});
afterAll(() => local.stop());

describe('the postponement of messages', () => {
  test('postponed messages are hidden until the time has passed', async () => {
    const client = sqsClient({ endpoint: local.url });
    const queue = local.messaging.createQueue('postponed.fifo', { FifoQueue: 'true' });
    for (const id of ['a', 'b']) queue.send({ body: id, groupId: id, deduplicationId: id });
    const received = queue.receive(10);
    const handles = new Map(received.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
    const queueUrl = local.messaging.queueUrl(queue);
    const postpone = createPostponing({ client, queueUrl, receiptHandle: (id) => handles.get(id) });
    await postpone(
      received.map(({ messageId, body }) => ({
        messageId,
        body,
        groupId: body,
        sequenceNumber: '1',
        receiveCount: 1,
        sentAtMs: 0,
        firstReceivedAtMs: 0,
      })),
      60,
    );
    local.advance(59_000);
    expect(queue.receive(10)).toEqual([]);
    local.advance(1_000);
    expect(queue.receive(10).map(({ body }) => body)).toEqual(['a', 'b']);
    client.destroy();
  });
});
