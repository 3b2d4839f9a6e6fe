import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import { it, refusal } from './world.ts';

describe('creation of queues · sqs-api/API_CreateQueue', () => {
  it('creating a queue returns the existing queue for the same attributes and refuses other attributes', async ({
    world,
  }) => {
    const name = `${world.newName()}.fifo`;
    const queue = await world.queue(name, { VisibilityTimeout: '60' });
    expect((await world.queue(name, { VisibilityTimeout: '60' })).url).toBe(queue.url);
    const other = world.queue(name, { VisibilityTimeout: '61' });
    expect(await refusal(other)).toEqual({ name: 'QueueNameExists', status: 400 });
  });

  it('creating a queue is refused within 60 seconds after a queue of the name was deleted', async ({ world }) => {
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
    ['InvalidAttributeValue', 'a visibility timeout above 12 hours', '', { VisibilityTimeout: '43201' }],
    ['InvalidAttributeValue', 'a retention below a minute', '', { MessageRetentionPeriod: '59' }],
    ['InvalidAttributeValue', 'a retention above 14 days', '', { MessageRetentionPeriod: '1209601' }],
    ['InvalidAttributeValue', 'a message size above 1 MiB', '', { MaximumMessageSize: '1048577' }],
    [
      'InvalidAttributeValue',
      'throughput per group without deduplication per group',
      '.fifo',
      { FifoQueue: 'true', FifoThroughputLimit: 'perMessageGroupId' },
    ],
  ])('creating a queue is refused with %s for %s', async ([name, , suffix, Attributes], { world }) => {
    const command = new CreateQueueCommand({ QueueName: `${world.newName()}${suffix}`, Attributes });
    expect(await refusal(world.sqs.send(command))).toEqual({ name, status: 400 });
  });
});

describe('configuration of queues', () => {
  it('a queue is found by its name · sqs-api/API_GetQueueUrl', async ({ world }) => {
    const name = `${world.newName()}.fifo`;
    const { url } = await world.queue(name);
    expect((await world.sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl).toBe(url);
    const missing = world.sqs.send(new GetQueueUrlCommand({ QueueName: world.newName() }));
    expect(await refusal(missing)).toEqual({ name: 'QueueDoesNotExist', status: 400 });
  });

  it('queues can be listed by prefix · sqs-api/API_ListQueues', async ({ world }) => {
    const prefix = world.newName();
    const one = await world.queue(`${prefix}-1.fifo`);
    await world.fifoQueue();
    await world.eventually(async () => {
      const { QueueUrls } = await world.sqs.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
      expect(QueueUrls).toEqual([one.url]);
    });
  });

  it('a queue keeps the attributes that are set and has defaults for the others · sqs-api/API_SetQueueAttributes', async ({
    world,
  }) => {
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

  it('a deleted queue is not found · sqs-api/API_DeleteQueue', async ({ world }) => {
    const queue = await world.fifoQueue();
    await world.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    await world.eventually(async () => {
      expect(await refusal(queue.attributes())).toEqual({ name: 'QueueDoesNotExist', status: 400 });
    });
  });
});

describe('counters · sqs-api/API_GetQueueAttributes', () => {
  it('the counters of a queue distinguish visible, invisible and delayed messages', async ({ world }) => {
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

  it('the counters of a queue count delayed messages, which are received in order after the delay · sqs/sqs-delay-queues', async ({
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
  it('a queue drops the messages that are older than the retention period, and no others', async ({ world }) => {
    const queue = await world.fifoQueue({ MessageRetentionPeriod: '60' });
    await queue.send('a', 'old');
    await world.advance(30);
    await queue.send('a', 'young');
    await world.advance(30);
    expect(await queue.attributes()).toMatchObject({ ApproximateNumberOfMessages: '1' });
    expect(await queue.receiveBodies()).toEqual(['young']);
  });

  it('a changed retention period also applies to older messages', async ({ world }) => {
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
  it('a purge deletes all messages, including those in flight, and unlocks their groups', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2');
    await queue.receive({ MaxNumberOfMessages: 1 });
    await world.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
    await world.advance(60);
    await queue.send('a', '3');
    expect(await queue.receiveBodies()).toEqual(['3']);
  });

  it('a second purge within 60 seconds is refused', async ({ world }) => {
    const queue = await world.fifoQueue();
    const purge = () => world.sqs.send(new PurgeQueueCommand({ QueueUrl: queue.url }));
    await purge();
    expect(await refusal(purge())).toMatchObject({ name: 'PurgeQueueInProgress' });
    await world.advance(60);
    await purge();
  });
});
