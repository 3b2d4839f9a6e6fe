import { randomUUID } from 'node:crypto';
import { CreateTopicCommand, DeleteTopicCommand, SetTopicAttributesCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { test as base, vi } from 'vitest';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { type TestQueue, testQueue } from './test-queue.ts';
import { type TestTopic, testTopic } from './test-topic.ts';

/** The resources of one test at the endpoint. They have unique names and are deleted when the test ends. */
export interface World extends Pick<Endpoint, 'sqs' | 'sns'> {
  /** Lets time pass. Skips the test if that takes too long at this endpoint. */
  advance(seconds: number): Promise<void>;
  /** Repeats a check until it throws no error, because the services are eventually consistent. */
  eventually<T>(check: () => Promise<T>): Promise<T>;
  /** Returns an unused name. */
  newName(): string;
  fifoQueue(attributes?: Record<string, string>): Promise<TestQueue>;
  /** Creates or finds a queue. It is a FIFO queue if the name ends with `.fifo`. */
  queue(name: string, attributes?: Record<string, string>): Promise<TestQueue>;
  /** Creates a FIFO queue with a FIFO dead-letter queue. */
  queueWithDeadLetters(maxReceiveCount: number): Promise<{ queue: TestQueue; dead: TestQueue }>;
  fifoTopic(attributes?: Record<string, string>): Promise<TestTopic>;
}

export const NEEDS_VIRTUAL_CLOCK = 'needs a virtual clock';

function createWorld(endpoint: Endpoint, skip: (reason: string) => never): { world: World; cleanUp(): Promise<void> } {
  const { sqs, sns } = endpoint;
  const clean = new Map<string, () => Promise<unknown>>();
  const world: World = {
    sqs,
    sns,
    async advance(seconds) {
      if ((await endpoint.advance(seconds)) === 'tooLong') skip(`${NEEDS_VIRTUAL_CLOCK}: ${seconds} s`);
    },
    eventually: (check) => vi.waitFor(check, { timeout: endpoint.patienceMs, interval: 20 }),
    newName: () => `freshet-${randomUUID().slice(0, 13)}`,
    fifoQueue: (attributes = {}) => world.queue(`${world.newName()}.fifo`, attributes),
    async queue(QueueName, attributes = {}) {
      const Attributes = { ...(QueueName.endsWith('.fifo') && { FifoQueue: 'true' }), ...attributes };
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      clean.set(QueueUrl, () => sqs.send(new DeleteQueueCommand({ QueueUrl })));
      const find = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
      const found = await world.eventually(() => sqs.send(find));
      return testQueue(endpoint, QueueUrl, found.Attributes?.QueueArn ?? '');
    },
    async queueWithDeadLetters(maxReceiveCount) {
      const dead = await world.fifoQueue();
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount });
      return { dead, queue: await world.fifoQueue({ RedrivePolicy, VisibilityTimeout: '2' }) };
    },
    async fifoTopic(attributes = {}) {
      const Attributes = { FifoTopic: 'true', ...attributes };
      const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: `${world.newName()}.fifo`, Attributes }));
      clean.set(TopicArn, async () => {
        const none = { TopicArn, AttributeName: 'ArchivePolicy', AttributeValue: '{}' };
        if (attributes.ArchivePolicy !== undefined) await sns.send(new SetTopicAttributesCommand(none));
        await sns.send(new DeleteTopicCommand({ TopicArn }));
      });
      return testTopic(endpoint, TopicArn);
    },
  };
  return {
    world,
    async cleanUp() {
      // The test may have deleted the resource itself.
      await Promise.allSettled([...clean.values()].map((remove) => remove()));
      await endpoint.close();
    },
  };
}

/** A test with its own world. The test's name ends with the AWS page that documents the behaviour. */
export const it = base.extend<{ world: World }>({
  world: async ({ skip }, use) => {
    const { world, cleanUp } = createWorld(await openEndpoint(), skip);
    await use(world);
    await cleanUp();
  },
});

/** The error code and status of a refused request. */
export async function refusal(request: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('The request was not refused.');
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return { name: error.name, status: $metadata?.httpStatusCode };
}
