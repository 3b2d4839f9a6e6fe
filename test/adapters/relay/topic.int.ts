import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { snsClient } from '../../../adapters/aws/clients.ts';
import { createPublisher } from '../../../adapters/relay/topic.ts';
import { MAX_BATCH_BYTES, type OutgoingMessage } from '../../../core/relay/message.ts';
import type { Queue } from '../../../local/fifo/queue.ts';
import type { Topic } from '../../../local/fifo/topic.ts';
import { startMessaging, type TestMessaging, topicWithQueue } from '../../support/messaging.ts';

let local: TestMessaging;
let topic: Topic;
let queue: Queue;
let publish: (messages: readonly OutgoingMessage[]) => Promise<readonly { kind: string }[]>;

beforeAll(async () => {
  local = await startMessaging();
});
afterAll(() => local.stop());
beforeEach(({ task }) => {
  ({ topic, queue } = topicWithQueue(local, task.id));
  publish = createPublisher({ client: snsClient({ endpoint: local.url }), topicArn: topic.arn });
});

function message(id: string, given: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const ids = { groupId: `Thing/${id}`, deduplicationId: `Thing/${id}@1`, sequenceNumber: id };
  return { ...ids, type: 'Thing', body: `body of ${id}`, bytes: 10, ...given };
}

const received = () => queue.receive(10).map(({ groupId, body }) => [groupId, body]);

describe('publishing a batch', () => {
  test('a published message is delivered in its group to the subscriptions that filter for its type', async () => {
    const results = await publish([
      message('a'),
      message('b', { type: 'Other' }),
      message('c', { groupId: 'Thing#1' }),
    ]);
    expect(results).toEqual([{ kind: 'published' }, { kind: 'published' }, { kind: 'published' }]);
    expect(received()).toEqual([
      ['Thing/a', 'body of a'],
      ['Thing#1', 'body of c'],
    ]);
  });

  test('a message with a known deduplication id counts as published', async () => {
    expect(await publish([message('a')])).toEqual([{ kind: 'published' }]);
    expect(await publish([message('a')])).toEqual([{ kind: 'published' }]);
    expect(received()).toHaveLength(1);
  });

  test.each([
    ['without a body', { body: '' }],
    ['with a message group that AWS refuses', { groupId: 'Thing/東' }],
    ['with a deduplication id that is too long', { deduplicationId: 'x'.repeat(129) }],
  ])('a message %s is refused, and the others of its batch are published', async (_, given) => {
    const results = await publish([message('a'), message('b', given), message('c')]);
    expect(results.map(({ kind }) => kind)).toEqual(['published', 'refused', 'published']);
    expect(received()).toEqual([
      ['Thing/a', 'body of a'],
      ['Thing/c', 'body of c'],
    ]);
  });

  test('a call of the maximum size is published', async () => {
    const attribute = 'typeStringThing'.length;
    const results = await publish([message('a', { body: 'x'.repeat(MAX_BATCH_BYTES - attribute) })]);
    expect(results).toEqual([{ kind: 'published' }]);
    expect(received()).toHaveLength(1);
  });

  test('a failure counts as refused only with the code of an invalid message and the fault of the sender', async () => {
    const failures = [
      { code: 'InternalError', senderFault: false },
      { code: 'Throttled', senderFault: true },
      { code: 'InvalidParameter', senderFault: false },
      { code: 'InvalidParameter', senderFault: true },
    ];
    const endpoint = await answering(
      failures.map(({ code, senderFault }, id) => failedEntry(id, code, senderFault)).join(''),
    );
    const stubbed = createPublisher({ client: snsClient({ endpoint }), topicArn: topic.arn });
    expect(await stubbed([...'abcde'].map((id) => message(id)))).toEqual([
      { kind: 'failed', message: 'InternalError: said so' },
      { kind: 'failed', message: 'Throttled: said so' },
      { kind: 'failed', message: 'InvalidParameter: said so' },
      { kind: 'refused', message: 'InvalidParameter: said so' },
      { kind: 'failed', message: 'the topic returned no result' },
    ]);
  });
});

describe('a call that fails as a whole', () => {
  test('every message of a call fails if the topic does not exist', async () => {
    const elsewhere = createPublisher({ client: snsClient({ endpoint: local.url }), topicArn: `${topic.arn}-gone` });
    const failed = { kind: 'failed', message: expect.stringContaining('NotFound') };
    expect(await elsewhere([message('a'), message('b')])).toEqual([failed, failed]);
  });

  test('every message of a call fails if the topic cannot be reached', async () => {
    // Port 1 is reserved, so no server listens on it.
    const client = snsClient({ endpoint: 'http://127.0.0.1:1' });
    const unreachable = createPublisher({ client, topicArn: topic.arn });
    expect(await unreachable([message('a')])).toEqual([{ kind: 'failed', message: expect.any(String) }]);
  });
});

function failedEntry(id: number, code: string, senderFault: boolean): string {
  const fields = `<Id>${id}</Id><Code>${code}</Code><Message>said so</Message><SenderFault>${senderFault}</SenderFault>`;
  return `<member>${fields}</member>`;
}

/** Starts a topic that responds to every PublishBatch with these failed entries. */
async function answering(failed: string): Promise<string> {
  const server = createServer((_, response) => {
    const result = `<PublishBatchResult><Successful/><Failed>${failed}</Failed></PublishBatchResult>`;
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(
      `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${result}</PublishBatchResponse>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
