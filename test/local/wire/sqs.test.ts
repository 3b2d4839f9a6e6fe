import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { serveEachTest } from './clients.ts';

const served = serveEachTest();

async function createQueue(attributes: Record<string, string> = {}): Promise<string> {
  const Attributes = { FifoQueue: 'true', ...attributes };
  const { QueueUrl } = await served().sqs.send(new CreateQueueCommand({ QueueName: 'q.fifo', Attributes }));
  return QueueUrl ?? '';
}

function message(body: string, group = 'a') {
  return { MessageBody: body, MessageGroupId: group, MessageDeduplicationId: body };
}

describe('SQS through the AWS SDK', () => {
  it('creates, finds, lists, configures and deletes queues', async () => {
    const { sqs, wire } = served();
    const QueueUrl = await createQueue({ VisibilityTimeout: '60' });
    expect(QueueUrl).toBe(`${wire.url}/000000000000/q.fifo`);
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'q.fifo' }))).QueueUrl).toBe(QueueUrl);
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'q' }))).QueueUrls).toEqual([QueueUrl]);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '90' } }));
    const AttributeNames = ['VisibilityTimeout' as const, 'QueueArn' as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    expect(Attributes).toEqual({ VisibilityTimeout: '90', QueueArn: 'arn:aws:sqs:eu-central-1:000000000000:q.fifo' });
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'q.fifo' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
  });

  it('sends, receives with the checksums that the SDK verifies, and deletes', async () => {
    const { sqs } = served();
    const QueueUrl = await createQueue();
    const MessageAttributes = {
      type: { DataType: 'String', StringValue: 'größe' },
      raw: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 255]) },
    };
    const sent = await sqs.send(
      new SendMessageCommand({ QueueUrl, ...message('x'), MessageBody: 'hällo', MessageAttributes }),
    );
    expect(sent.SequenceNumber).toMatch(/^\d{20}$/);
    const received = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] }),
    );
    const [first] = received.Messages ?? [];
    expect(first).toMatchObject({ Body: 'hällo', MessageId: sent.MessageId, MessageAttributes });
    expect(first?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
    expect(first?.Attributes).toMatchObject({
      ApproximateReceiveCount: '1',
      MessageGroupId: 'a',
      MessageDeduplicationId: 'x',
      SequenceNumber: sent.SequenceNumber,
    });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' });
  });

  it('computes the MD5 of attributes as AWS documents it', async () => {
    const { sqs } = served();
    const QueueUrl = await createQueue();
    const MessageAttributes = { test_attribute_name_1: { DataType: 'String', StringValue: 'test_attribute_value_1' } };
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, ...message('x'), MessageAttributes }));
    const parts = ['test_attribute_name_1', 'String', '\u0001', 'test_attribute_value_1'];
    const hash = createHash('md5');
    for (const part of parts) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      hash.update(part === '\u0001' ? part : Buffer.concat([length, Buffer.from(part)]));
    }
    expect(sent.MD5OfMessageAttributes).toBe(hash.digest('hex'));
  });

  it('gives only the attributes that are asked for', async () => {
    const { sqs } = served();
    const QueueUrl = await createQueue({ VisibilityTimeout: '0' });
    const value = { DataType: 'String', StringValue: 'x' };
    const MessageAttributes = { 'a.one': value, 'a.two': value, b: value };
    await sqs.send(new SendMessageCommand({ QueueUrl, ...message('x'), MessageAttributes }));
    const plain = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(plain.Messages?.[0]).not.toHaveProperty('Attributes');
    expect(plain.Messages?.[0]).not.toHaveProperty('MessageAttributes');
    const some = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MessageSystemAttributeNames: ['MessageGroupId'],
        MessageAttributeNames: ['a.*'],
      }),
    );
    expect(some.Messages?.[0]?.Attributes).toEqual({ MessageGroupId: 'a' });
    expect(Object.keys(some.Messages?.[0]?.MessageAttributes ?? {})).toEqual(['a.one', 'a.two']);
  });

  it('handles batches entry by entry', async () => {
    const { sqs } = served();
    const QueueUrl = await createQueue();
    const { MessageGroupId, ...withoutGroup } = message('y');
    const Entries = [
      { Id: '1', ...message('x') },
      { Id: '2', ...withoutGroup },
      { Id: '3', ...message('z', 'b') },
    ];
    const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(['1', '3']);
    expect(sent.Failed).toMatchObject([{ Id: '2', Code: 'MissingParameter', SenderFault: true }]);
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    const handles = Messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle }));
    const changed = handles.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: changed.slice(0, 1) }));
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: handles }));
    expect(deleted.Successful).toEqual([{ Id: '1' }]);
    expect(deleted.Failed).toMatchObject([{ Id: '0', Code: 'InvalidParameterValue' }]);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });

  it('wakes a long poll at once, and lets the loser of a race wait on', async () => {
    const { sqs } = served();
    const QueueUrl = await createQueue();
    const poll = () => sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    const polls = [poll(), poll()];
    await sqs.send(new SendMessageCommand({ QueueUrl, ...message('1') }));
    const winner = await Promise.race(
      polls.map(async (answer, at) => ({ at, bodies: (await answer).Messages?.map(({ Body }) => Body) })),
    );
    expect(winner.bodies).toEqual(['1']);
    await sqs.send(new SendMessageCommand({ QueueUrl, ...message('2', 'b') }));
    expect((await polls[1 - winner.at])?.Messages?.map(({ Body }) => Body)).toEqual(['2']);
  });

  it('wakes a long poll when a group is unlocked', async () => {
    const { sqs } = served();
    const QueueUrl = await createQueue();
    for (const body of ['1', '2']) await sqs.send(new SendMessageCommand({ QueueUrl, ...message(body) }));
    const first = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const next = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    const ReceiptHandle = first.Messages?.[0]?.ReceiptHandle;
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    expect((await next).Messages?.[0]?.Body).toBe('1');
  });

  it.each([
    [
      'QueueDoesNotExist',
      'AWS.SimpleQueueService.NonExistentQueue',
      () => new PurgeQueueCommand({ QueueUrl: 'http://x/0/none.fifo' }),
    ],
    [
      'UnsupportedOperation',
      'AWS.SimpleQueueService.UnsupportedOperation',
      () => new ListQueueTagsCommand({ QueueUrl: 'http://x/0/q' }),
    ],
    [
      'InvalidAttributeName',
      'InvalidAttributeName',
      () => new CreateQueueCommand({ QueueName: 'q', Attributes: { Nonsense: '1' } as object }),
    ],
  ])("answers %s in AWS's shape", async (name, Code, command) => {
    const answer = served().sqs.send(command() as PurgeQueueCommand);
    await expect(answer).rejects.toMatchObject({ name, Code, $metadata: { httpStatusCode: 400 } });
  });

  it("answers errors that SQS's model does not name with their code", async () => {
    const { sqs } = served();
    const QueueUrl = await createQueue();
    const missing = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await expect(missing).rejects.toMatchObject({ name: 'MissingParameter', Code: 'MissingParameter' });
    const invalid = sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' }));
    await expect(invalid).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });
});
