import {
  CancelMessageMoveTaskCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  StartMessageMoveTaskCommand,
  type StartMessageMoveTaskCommandInput,
} from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import type { TestQueue } from './test-queue.ts';
import { it, refusal, type World } from './world.ts';

const start = ({ sqs }: World, SourceArn: string, given: Partial<StartMessageMoveTaskCommandInput> = {}) =>
  sqs.send(new StartMessageMoveTaskCommand({ SourceArn, ...given }));

async function tasks(
  { sqs }: World,
  SourceArn: string,
  MaxResults?: number,
): Promise<ListMessageMoveTasksResultEntry[]> {
  return (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults }))).Results ?? [];
}

/** Waits until the latest move task is completed, and returns it. */
function completed(world: World, { arn }: TestQueue): Promise<ListMessageMoveTasksResultEntry | undefined> {
  return world.eventually(async () => {
    const [task] = await tasks(world, arn);
    expect(task?.Status).toBe('COMPLETED');
    return task;
  });
}

/** A queue and its dead-letter queue, which has the messages a1, b1, a2 of the groups a and b. */
async function withDeadLetters(world: World) {
  const { queue, dead } = await world.queueWithDeadLetters(1);
  const MessageAttributes = { type: { DataType: 'String', StringValue: 'country' } };
  const sent = [];
  for (const body of ['a1', 'b1', 'a2'])
    sent.push(await queue.sendOne(body, { MessageGroupId: body.slice(0, 1), MessageAttributes }));
  await queue.receive();
  await world.advance(2);
  await queue.receive();
  await world.eventually(async () => {
    expect(await dead.attributes()).toMatchObject({ ApproximateNumberOfMessages: '3' });
  });
  return { queue, dead, sent, MessageAttributes };
}

describe('StartMessageMoveTask · sqs-api/API_StartMessageMoveTask', () => {
  it('a move task moves messages back to their original queue, with body, attributes and group', async ({ world }) => {
    const { queue, dead, MessageAttributes } = await withDeadLetters(world);
    await start(world, dead.arn);
    await completed(world, dead);
    const messages = await queue.receive();
    const ofA = messages.filter(({ Attributes }) => Attributes?.MessageGroupId === 'a');
    expect(ofA).toMatchObject([
      { Body: 'a1', MessageAttributes, Attributes: { ApproximateReceiveCount: '1' } },
      { Body: 'a2', MessageAttributes, Attributes: { ApproximateReceiveCount: '1' } },
    ]);
    expect(await dead.receive()).toEqual([]);
  });

  it('a move task moves messages to another queue, in order within each group', async ({ world }) => {
    const { dead } = await withDeadLetters(world);
    const other = await world.fifoQueue();
    await start(world, dead.arn, { DestinationArn: other.arn });
    await completed(world, dead);
    const bodies = await other.receiveBodies();
    expect(bodies.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(bodies).toHaveLength(3);
  });

  it('messages that a move task moved are new messages with new ids and times · sqs/sqs-configure-dead-letter-queue-redrive', async ({
    world,
  }) => {
    const { queue, dead, sent } = await withDeadLetters(world);
    await start(world, dead.arn);
    await completed(world, dead);
    const moved = await queue.receive();
    expect(moved).toHaveLength(3);
    for (const { MessageId } of moved) expect(sent.map((each) => each.MessageId)).not.toContain(MessageId);
    for (const { Attributes } of moved) expect(Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
  });

  it('new messages of a group can come between messages that a move task moves · sqs/sqs-configure-dead-letter-queue-redrive', async ({
    world,
  }) => {
    const { queue, dead } = await withDeadLetters(world);
    await queue.send('a', 'a3');
    await start(world, dead.arn);
    await completed(world, dead);
    expect((await queue.receiveBodies()).filter((body) => body.startsWith('a'))).toEqual(['a3', 'a1', 'a2']);
  });

  it('a move task moves at most the given number of messages per second', async ({ world }) => {
    const { dead } = await withDeadLetters(world);
    await start(world, dead.arn, { MaxNumberOfMessagesPerSecond: 1 });
    expect((await tasks(world, dead.arn))[0]).toMatchObject({ Status: 'RUNNING', MaxNumberOfMessagesPerSecond: 1 });
    await world.advance(2);
    expect((await tasks(world, dead.arn))[0]?.ApproximateNumberOfMessagesMoved).toBeLessThanOrEqual(3);
    await world.advance(2);
    expect(await completed(world, dead)).toMatchObject({ ApproximateNumberOfMessagesMoved: 3 });
  });

  it('a second move task for a source is refused while the first is running', async ({ world }) => {
    const { dead } = await withDeadLetters(world);
    await start(world, dead.arn, { MaxNumberOfMessagesPerSecond: 1 });
    // The page doesn't name the error code.
    expect(await refusal(start(world, dead.arn))).toMatchObject({ status: 400 });
  });

  it('a move task is refused if its source is not the dead-letter queue of an SQS queue', async ({ world }) => {
    const queue = await world.fifoQueue();
    expect(await refusal(start(world, queue.arn))).toMatchObject({ status: 400 });
  });

  it('a move task is refused if its source is the dead-letter queue of an SNS subscription', async ({ world }) => {
    const [topic, queue, dead] = [await world.fifoTopic(), await world.fifoQueue(), await world.fifoQueue()];
    await topic.subscribe(queue, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) });
    expect(await refusal(start(world, dead.arn))).toMatchObject({ status: 400 });
  });

  it('a move task is refused if its source or destination does not exist', async ({ world }) => {
    const { dead } = await withDeadLetters(world);
    const missing = dead.arn.replace('freshet-', 'missing-');
    const name = 'ResourceNotFoundException';
    expect(await refusal(start(world, missing))).toMatchObject({ name });
    expect(await refusal(start(world, dead.arn, { DestinationArn: missing }))).toMatchObject({ name });
  });

  it('a move task is refused if its destination has another type · sqs/sqs-configure-dead-letter-queue-redrive', async ({
    world,
  }) => {
    const { dead } = await withDeadLetters(world);
    const standard = await world.queue(world.newName());
    expect(await refusal(start(world, dead.arn, { DestinationArn: standard.arn }))).toMatchObject({ status: 400 });
  });

  it('a move task is refused with a rate outside 1 to 500 messages per second', async ({ world }) => {
    const { dead } = await withDeadLetters(world);
    for (const MaxNumberOfMessagesPerSecond of [0, 501])
      expect(await refusal(start(world, dead.arn, { MaxNumberOfMessagesPerSecond }))).toMatchObject({ status: 400 });
  });
});

describe('ListMessageMoveTasks · sqs-api/API_ListMessageMoveTasks', () => {
  it('ListMessageMoveTasks describes the latest task, with a handle only while the task is running · sqs-api/API_ListMessageMoveTasksResultEntry', async ({
    world,
  }) => {
    const { dead } = await withDeadLetters(world);
    const other = await world.fifoQueue();
    const { TaskHandle } = await start(world, dead.arn, { DestinationArn: other.arn, MaxNumberOfMessagesPerSecond: 1 });
    const fields = { SourceArn: dead.arn, DestinationArn: other.arn, ApproximateNumberOfMessagesToMove: 3 };
    const [running] = await tasks(world, dead.arn);
    expect(running).toMatchObject({ ...fields, Status: 'RUNNING', TaskHandle, StartedTimestamp: expect.any(Number) });
    await world.advance(3);
    const done = await completed(world, dead);
    expect(done).toMatchObject({ ...fields, ApproximateNumberOfMessagesMoved: 3 });
    expect(done?.TaskHandle).toBeUndefined();
  });

  it('ListMessageMoveTasks returns one task by default and up to 10, newest first', async ({ world }) => {
    const { dead } = await withDeadLetters(world);
    expect(await tasks(world, dead.arn)).toEqual([]);
    for (const MaxNumberOfMessagesPerSecond of [499, 500]) {
      await start(world, dead.arn, { MaxNumberOfMessagesPerSecond });
      await world.advance(1);
      await completed(world, dead);
    }
    expect(await tasks(world, dead.arn)).toHaveLength(1);
    const all = await tasks(world, dead.arn, 10);
    expect(all.map((task) => task.MaxNumberOfMessagesPerSecond)).toEqual([500, 499]);
  });

  it('ListMessageMoveTasks refuses a source that does not exist', async ({ world }) => {
    const { arn } = await world.fifoQueue();
    const missing = tasks(world, arn.replace('freshet-', 'missing-'));
    expect(await refusal(missing)).toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('CancelMessageMoveTask · sqs-api/API_CancelMessageMoveTask', () => {
  it('CancelMessageMoveTask stops a running task, and moved messages stay moved', async ({ world }) => {
    const { queue, dead } = await withDeadLetters(world);
    const { TaskHandle } = await start(world, dead.arn, { MaxNumberOfMessagesPerSecond: 1 });
    await world.advance(1);
    const { ApproximateNumberOfMessagesMoved: moved = 0 } = await world.sqs.send(
      new CancelMessageMoveTaskCommand({ TaskHandle }),
    );
    await world.eventually(async () => expect((await tasks(world, dead.arn))[0]?.Status).toBe('CANCELLED'));
    await world.advance(2);
    await world.eventually(async () => {
      expect(await dead.attributes()).toMatchObject({ ApproximateNumberOfMessages: `${3 - moved}` });
      expect(await queue.attributes()).toMatchObject({ ApproximateNumberOfMessages: `${moved}` });
    });
  });

  it('CancelMessageMoveTask refuses a task that has ended and an unknown task', async ({ world }) => {
    const { dead } = await withDeadLetters(world);
    const { TaskHandle } = await start(world, dead.arn);
    await completed(world, dead);
    const cancel = (handle: string | undefined) =>
      world.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: handle }));
    expect(await refusal(cancel(TaskHandle))).toMatchObject({ status: 400 });
    expect(await refusal(cancel('nonsense'))).toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
