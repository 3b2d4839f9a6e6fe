import { createHash } from 'node:crypto';
import {
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import { it, refusal, type World } from './world.ts';

const MIB = 1_048_576;
const text = (StringValue: string) => ({ DataType: 'String', StringValue });
const entry = (Id: string, MessageBody = Id): SendMessageBatchRequestEntry => {
  return { Id, MessageBody, MessageGroupId: 'a', MessageDeduplicationId: Id };
};

async function sendBatch(world: World, Entries: SendMessageBatchRequestEntry[]) {
  const { url: QueueUrl } = await world.fifoQueue();
  return world.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
}

describe('the content of a message · sqs-api/API_SendMessage', () => {
  it('a message is received unchanged: body, text, number and binary attributes, and the digests that the SDK checks', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    const MessageAttributes = {
      type: text('größe'),
      count: { DataType: 'Number', StringValue: '-1.50' },
      custom: { DataType: 'String.Any', StringValue: 'x' },
      raw: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 1, 255]) },
    };
    const body = 'hällo <&> \t\r\n 😀';
    const sent = await queue.sendOne(body, { MessageAttributes, MessageDeduplicationId: 'd' });
    const [received] = await queue.receive();
    const { MessageId, MD5OfMessageAttributes, SequenceNumber } = sent;
    expect(received).toMatchObject({ Body: body, MessageId, MessageAttributes, MD5OfMessageAttributes });
    expect(received?.Attributes).toMatchObject({
      MessageGroupId: 'a',
      MessageDeduplicationId: 'd',
      SequenceNumber,
      SenderId: expect.any(String),
      SentTimestamp: expect.stringMatching(/^\d{13}$/),
    });
  });

  it('a message has a digest of its attributes · sqs/sqs-message-metadata', async ({ world }) => {
    const queue = await world.fifoQueue();
    const sent = await queue.sendOne('x', { MessageAttributes: { name: text('value') } });
    const part = (value: string) => Buffer.concat([Buffer.of(0, 0, 0, value.length), Buffer.from(value)]);
    const bytes = Buffer.concat([part('name'), part('String'), Buffer.of(1), part('value')]);
    expect(sent.MD5OfMessageAttributes).toBe(createHash('md5').update(bytes).digest('hex'));
  });

  it('a message has a sequence number of 20 digits that grows within its group', async ({ world }) => {
    const queue = await world.fifoQueue();
    const numbers: string[] = [];
    for (const body of ['1', '2', '3']) numbers.push((await queue.sendOne(body)).SequenceNumber ?? '');
    for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
    expect(numbers).toEqual([...new Set(numbers)].sort());
  });

  it('a message is received with the requested attributes only · sqs-api/API_ReceiveMessage', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '0' });
    await queue.sendOne('x', { MessageAttributes: { 'a.one': text('1'), 'a.two': text('2'), b: text('3') } });
    const receive = async (names: Partial<ReceiveMessageCommand['input']>) => {
      const command = new ReceiveMessageCommand({ QueueUrl: queue.url, WaitTimeSeconds: 2, ...names });
      return (await world.sqs.send(command)).Messages?.[0];
    };
    const plain = await receive({});
    expect(plain).not.toHaveProperty('Attributes');
    expect(plain).not.toHaveProperty('MessageAttributes');
    const some = await receive({
      MessageSystemAttributeNames: ['MessageGroupId'],
      MessageAttributeNames: ['a.*'],
    });
    expect(some?.Attributes).toEqual({ MessageGroupId: 'a' });
    expect(Object.keys(some?.MessageAttributes ?? {})).toEqual(['a.one', 'a.two']);
    const all = await receive({ MessageAttributeNames: ['All'] });
    expect(Object.keys(all?.MessageAttributes ?? {})).toEqual(['a.one', 'a.two', 'b']);
  });
});

describe('messages that a queue refuses · sqs-api/API_SendMessage', () => {
  it.for([
    ['MissingParameter', 'a missing group id', { MessageGroupId: undefined }],
    [
      'InvalidParameterValue',
      'a missing deduplication id without content-based deduplication',
      { MessageDeduplicationId: undefined },
    ],
    ['InvalidParameterValue', 'a group id with a space', { MessageGroupId: 'a b' }],
    ['InvalidParameterValue', 'a group id of more than 128 characters', { MessageGroupId: 'a'.repeat(129) }],
    [
      'InvalidParameterValue',
      'a deduplication id of more than 128 characters',
      { MessageDeduplicationId: 'd'.repeat(129) },
    ],
    ['InvalidParameterValue', 'a delay in a FIFO queue', { DelaySeconds: 5 }],
    ['InvalidMessageContents', 'characters that are not in XML 1.0', { MessageBody: 'a\u0001b' }],
    [
      'InvalidParameterValue',
      'an attribute of an unknown type',
      { MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } },
    ],
    ['InvalidParameterValue', 'an attribute without a value', { MessageAttributes: { a: text('') } }],
  ] as const)('a send is refused with %s for %s', async ([name, , given], { world }) => {
    const queue = await world.fifoQueue();
    expect(await refusal(queue.sendOne('x', given))).toEqual({ name, status: 400 });
    expect(await queue.receive({ WaitTimeSeconds: 0 })).toEqual([]);
  });

  it('a send with more than 10 attributes is refused with InvalidParameterValue · sqs/quotas-messages', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    const MessageAttributes = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`a${n}`, text('x')]));
    expect(await refusal(queue.sendOne('x', { MessageAttributes }))).toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('a send to a queue that does not exist is refused with QueueDoesNotExist', async ({ world }) => {
    const { url } = await world.fifoQueue();
    const QueueUrl = url.replace('freshet-', 'missing-');
    const sending = world.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageGroupId: 'a' }));
    const { name, status } = await refusal(sending);
    expect([name, status]).toEqual(['QueueDoesNotExist', 400]);
    await expect(sending).rejects.toMatchObject({ Code: 'AWS.SimpleQueueService.NonExistentQueue' });
  });
});

describe('sizes · sqs/quotas-messages', () => {
  it('a queue accepts a message of at most 1 MiB, including attributes', async ({ world }) => {
    const queue = await world.fifoQueue();
    const MessageAttributes = { name: text('value') };
    const room = MIB - 'nameStringvalue'.length;
    await queue.sendOne('x'.repeat(room), { MessageAttributes, MessageDeduplicationId: '1' });
    const larger = queue.sendOne('x'.repeat(room + 1), { MessageAttributes, MessageDeduplicationId: '2' });
    expect(await refusal(larger)).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });

  it('a queue accepts only messages up to its own limit, counted in bytes of UTF-8 · sqs-api/API_SetQueueAttributes', async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ MaximumMessageSize: '1024' });
    await queue.sendOne('ä'.repeat(512), { MessageDeduplicationId: '1' });
    const larger = queue.sendOne('ä'.repeat(513), { MessageDeduplicationId: '2' });
    expect(await refusal(larger)).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });

  it('a queue accepts a batch of at most 1 MiB in total · sqs-api/API_SendMessageBatch', async ({ world }) => {
    const half = 'x'.repeat(MIB / 2);
    expect((await sendBatch(world, [entry('1', half), entry('2', half)])).Successful).toHaveLength(2);
    const larger = sendBatch(world, [entry('1', half), entry('2', `${half}x`)]);
    expect(await refusal(larger)).toEqual({ name: 'BatchRequestTooLong', status: 400 });
  });

  it('a receive returns 1 to 10 messages · sqs-api/API_ReceiveMessage', async ({ world }) => {
    const queue = await world.fifoQueue();
    for (const MaxNumberOfMessages of [0, 11])
      expect(await refusal(queue.receive({ MaxNumberOfMessages }))).toMatchObject({ name: 'InvalidParameterValue' });
  });
});

describe('batches · sqs-api/API_SendMessageBatch', () => {
  it('each entry of a batch succeeds or fails on its own', async ({ world }) => {
    const { MessageGroupId, ...withoutGroup } = entry('2');
    const answer = await sendBatch(world, [entry('1'), withoutGroup, entry('3')]);
    expect(answer.Successful).toMatchObject([{ Id: '1', SequenceNumber: expect.any(String) }, { Id: '3' }]);
    expect(answer.Failed).toMatchObject([{ Id: '2', Code: 'MissingParameter', SenderFault: true }]);
  });

  it.for([
    ['EmptyBatchRequest', 'an empty batch', []],
    ['TooManyEntriesInBatchRequest', '11 entries', Array.from({ length: 11 }, (_, n) => entry(`${n}`))],
    ['BatchEntryIdsNotDistinct', 'a repeated id', [entry('1'), entry('1')]],
    ['InvalidBatchEntryId', 'an id with a space', [entry('a b')]],
    ['InvalidBatchEntryId', 'an id of more than 80 characters', [entry('x'.repeat(81))]],
  ] as const)('a batch is refused as a whole with %s for %s', async ([name, , entries], { world }) => {
    expect(await refusal(sendBatch(world, [...entries]))).toEqual({ name, status: 400 });
  });
});
