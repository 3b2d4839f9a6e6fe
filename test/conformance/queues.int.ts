import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import { it, refusal } from './world.ts';

describe('creating queues · sqs-api/API_CreateQueue', () => {
  it('answers with the existing queue for the same attributes, and refuses others', async ({ world }) => {
    const name = `${world.newName()}.fifo`;
    const queue = await world.queue(name, { VisibilityTimeout: '60' });
    expect((await world.queue(name, { VisibilityTimeout: '60' })).url).toBe(queue.url);
    const other = world.queue(name, { VisibilityTimeout: '61' });
    expect(await refusal(other)).toEqual({ name: 'QueueNameExists', status: 400 });
  });

  it('refuses the name of a queue that was deleted less than 60 seconds ago', async ({ world }) => {
    const name = `${world.newName()}.fifo`;
    const { url } = await world.queue(name);
    await world.sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    await world.advance(1);
    expect(await refusal(world.queue(name))).toEqual({ name: 'QueueDeletedRecently', status: 400 });
    await world.advance(59);
    expect((await world.queue(name)).url).toBe(url);
  });

  it.for<[string, string, string, Record<string, string>]>([
    ['InvalidParameterValue', 'a FIFO name without FifoQueue', '.fifo', {}],
    ['InvalidParameterValue', 'FifoQueue without a FIFO name', '', { FifoQueue: 'true' }],
    ['InvalidParameterValue', 'a name with a space', ' x', {}],
    ['InvalidParameterValue', 'a name of more than 80 characters', 'x'.repeat(80), {}],
    ['InvalidAttributeName', 'an unknown attribute', '', { Nonsense: '1' }],
    ['InvalidAttributeValue', 'a visibility time-out above 12 hours', '', { VisibilityTimeout: '43201' }],
    ['InvalidAttributeValue', 'a retention below a minute', '', { MessageRetentionPeriod: '59' }],
    ['InvalidAttributeValue', 'a retention above 14 days', '', { MessageRetentionPeriod: '1209601' }],
    ['InvalidAttributeValue', 'a message size above 1 MiB', '', { MaximumMessageSize: '1048577' }],
    [
      'InvalidAttributeValue',
      'throughput per group without deduplication per group',
      '.fifo',
      { FifoQueue: 'true', FifoThroughputLimit: 'perMessageGroupId' },
    ],
  ])('refuses with %s: %s', async ([name, , suffix, Attributes], { world }) => {
    const command = new CreateQueueCommand({ QueueName: `${world.newName()}${suffix}`, Attributes });
    expect(await refusal(world.sqs.send(command))).toEqual({ name, status: 400 });
  });
});

describe('finding and configuring queues', () => {
  it('finds a queue by its name · sqs-api/API_GetQueueUrl', async ({ world }) => {
    const name = `${world.newName()}.fifo`;
    const { url } = await world.queue(name);
    expect((await world.sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl).toBe(url);
    const missing = world.sqs.send(new GetQueueUrlCommand({ QueueName: world.newName() }));
    expect(await refusal(missing)).toEqual({ name: 'QueueDoesNotExist', status: 400 });
  });

  it('lists the queues of a prefix · sqs-api/API_ListQueues', async ({ world }) => {
    const prefix = world.newName();
    const one = await world.queue(`${prefix}-1.fifo`);
    await world.fifoQueue();
    await world.eventually(async () => {
      const { QueueUrls } = await world.sqs.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
      expect(QueueUrls).toEqual([one.url]);
    });
  });

  it('keeps what is set and completes the rest by defaults · sqs-api/API_SetQueueAttributes', async ({ world }) => {
    const queue = await world.fifoQueue();
    expect(await queue.attributes()).toMatchObject({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'false',
      DelaySeconds: '0',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      ReceiveMessageWaitTimeSeconds: '0',
      VisibilityTimeout: '30',
    });
    await queue.setAttributes({ VisibilityTimeout: '90' });
    await world.eventually(async () => expect(await queue.attributes()).toMatchObject({ VisibilityTimeout: '90' }));
    expect(await refusal(queue.setAttributes({ Nonsense: '1' }))).toMatchObject({ name: 'InvalidAttributeName' });
  });

  it('does not find a queue that was deleted · sqs-api/API_DeleteQueue', async ({ world }) => {
    const queue = await world.fifoQueue();
    await world.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    await world.eventually(async () => {
      expect(await refusal(queue.attributes())).toEqual({ name: 'QueueDoesNotExist', status: 400 });
    });
  });
});

describe('counters · sqs-api/API_GetQueueAttributes', () => {
  it('tell visible, invisible and delayed messages apart', async ({ world }) => {
    const queue = await world.fifoQueue();
    const counts = (visible: number, inFlight: number) => ({
      ApproximateNumberOfMessages: `${visible}`,
      ApproximateNumberOfMessagesNotVisible: `${inFlight}`,
      ApproximateNumberOfMessagesDelayed: '0',
    });
    const shows = (visible: number, inFlight: number) =>
      world.eventually(async () => expect(await queue.attributes()).toMatchObject(counts(visible, inFlight)));
    await queue.send('a', '1', '2', '3');
    await shows(3, 0);
    const [first] = await queue.receive({ MaxNumberOfMessages: 2 });
    await shows(1, 2);
    await queue.delete(first);
    await shows(1, 1);
  });

  it('count what the delay of the queue holds back, which then comes in order · sqs/sqs-delay-queues', async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ DelaySeconds: '4' });
    await queue.send('a', '1', '2');
    await world.eventually(async () => {
      const delayed = { ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesDelayed: '2' };
      expect(await queue.attributes()).toMatchObject(delayed);
    });
    expect(await queue.receive({ WaitTimeSeconds: 0 })).toEqual([]);
    await world.advance(4);
    expect(await queue.receiveBodies()).toEqual(['1', '2']);
  });
});

describe('retention · sqs-api/API_SetQueueAttributes', () => {
  it('drops what is older than the retention period, and nothing younger', async ({ world }) => {
    const queue = await world.fifoQueue({ MessageRetentionPeriod: '60' });
    await queue.send('a', 'old');
    await world.advance(30);
    await queue.send('a', 'young');
    await world.advance(30);
    expect(await queue.attributes()).toMatchObject({ ApproximateNumberOfMessages: '1' });
    expect(await queue.receiveBodies()).toEqual(['young']);
  });

  it('is as long as it was set to last, for older messages too', async ({ world }) => {
    const queue = await world.fifoQueue({ MessageRetentionPeriod: '60' });
    await queue.send('a', 'x');
    await world.advance(30);
    await queue.setAttributes({ MessageRetentionPeriod: '120' });
    await world.advance(89);
    expect(await queue.receiveBodies({ VisibilityTimeout: 0 })).toEqual(['x']);
    await world.advance(1);
    expect(await queue.receive()).toEqual([]);
  });
});

describe('purge · sqs-api/API_PurgeQueue', () => {
  it('deletes all messages, those in flight too, and the locks with them', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2');
    await queue.receive({ MaxNumberOfMessages: 1 });
    await world.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
    await world.advance(60);
    await queue.send('a', '3');
    expect(await queue.receiveBodies()).toEqual(['3']);
  });

  it('is refused within 60 seconds of another', async ({ world }) => {
    const queue = await world.fifoQueue();
    const purge = () => world.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
    await purge();
    expect(await refusal(purge())).toMatchObject({ name: 'PurgeQueueInProgress' });
    await world.advance(60);
    await purge();
  });
});
