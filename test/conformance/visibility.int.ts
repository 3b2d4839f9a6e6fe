import { ChangeMessageVisibilityBatchCommand, DeleteMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import { it, refusal } from './world.ts';

describe('visibility time-outs · sqs/sqs-visibility-timeout', () => {
  it("hides a message for the queue's time-out and then gives it again", async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '4' });
    await queue.send('a', 'x');
    await queue.receive();
    await world.advance(1);
    expect(await queue.receive({ WaitTimeSeconds: 0 })).toEqual([]);
    await world.advance(3);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('lets a receive say another time-out than the queue has', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    await queue.receive({ VisibilityTimeout: 1 });
    await world.advance(1);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('is 30 seconds by default', async ({ world }) => {
    const queue = await world.fifoQueue();
    expect(await queue.attributes()).toMatchObject({ VisibilityTimeout: '30' });
    await queue.send('a', 'x');
    await queue.receive();
    await world.advance(29.999);
    expect(await queue.receive()).toEqual([]);
    await world.advance(0.001);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('counts receives and keeps the time of the first · sqs-api/API_ReceiveMessage', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', 'x');
    const [first] = await queue.receive();
    await world.advance(1);
    const [second] = await queue.receive();
    expect(first?.Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
    const { ApproximateFirstReceiveTimestamp, SentTimestamp } = first?.Attributes ?? {};
    expect(second?.Attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp,
      SentTimestamp,
    });
  });
});

describe('changing a visibility time-out · sqs-api/API_ChangeMessageVisibility', () => {
  it('counts the new time-out from the change', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '60' });
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await world.advance(2);
    await queue.changeVisibility(message, 4);
    await world.advance(1);
    expect(await queue.receive({ WaitTimeSeconds: 0 })).toEqual([]);
    await world.advance(3);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('is not kept for the next receive, which has the time-out of the queue again', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await queue.changeVisibility(message, 3);
    await world.advance(3);
    expect(await queue.receiveBodies()).toEqual(['x']);
    await world.advance(1);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('makes a message visible at once with 0, also in a batch · sqs-api/API_ChangeMessageVisibilityBatch', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1');
    await queue.send('b', '2');
    const messages = await queue.receive();
    const Entries = messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle, VisibilityTimeout: 0 }));
    const broken = { Id: 'broken', ReceiptHandle: 'broken', VisibilityTimeout: 0 };
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queue.url, Entries: [...Entries, broken] });
    const answer = await world.sqs.send(command);
    expect(answer.Successful).toEqual([{ Id: '0' }, { Id: '1' }]);
    expect(answer.Failed).toMatchObject([{ Id: 'broken', Code: 'ReceiptHandleIsInvalid', SenderFault: true }]);
    expect((await queue.receiveBodies()).sort()).toEqual(['1', '2']);
  });

  it('refuses more than is left of 12 hours since the receive', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await world.advance(10);
    expect(await refusal(queue.changeVisibility(message, 43_200))).toMatchObject({ name: 'InvalidParameterValue' });
    expect(await refusal(queue.changeVisibility(message, 43_201))).toMatchObject({ name: 'InvalidParameterValue' });
    await queue.changeVisibility(message, 43_180);
  });

  it('refuses a message that is not in flight any more', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await world.advance(1);
    expect(await refusal(queue.changeVisibility(message, 5))).toEqual({ name: 'MessageNotInflight', status: 400 });
  });
});

describe('receipt handles · sqs-api/API_DeleteMessage', () => {
  it('delete nothing once the visibility time-out of a FIFO message is over · repost.aws/knowledge-center/sqs-receipt-handle-error', async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await world.advance(1);
    await expect(queue.delete(message)).rejects.toMatchObject({ Code: 'InvalidParameterValue', SenderFault: true });
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('of an earlier receive delete nothing, since each receive has its own', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    const [stale] = await queue.receive();
    await queue.changeVisibility(stale, 0);
    const [latest] = await queue.receive();
    expect(latest?.ReceiptHandle).not.toBe(stale?.ReceiptHandle);
    // The page lets such a request succeed; a FIFO queue refuses it. Either way nothing is deleted.
    await queue.delete(stale).catch(() => {});
    await queue.changeVisibility(latest, 0);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('of a deleted message are good for deleting it again', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await queue.delete(message);
    await queue.delete(message);
  });

  it('of a standard queue delete as long as the message was not received again', async ({ world }) => {
    const queue = await world.queue(world.newName(), { VisibilityTimeout: '1' });
    await queue.sendOne('x', { MessageGroupId: undefined, MessageDeduplicationId: undefined });
    const [stale] = await queue.receive();
    await world.advance(1);
    const [latest] = await queue.receive();
    await world.advance(1);
    await queue.delete(stale);
    await world.eventually(async () => {
      expect(await queue.attributes()).toMatchObject({ ApproximateNumberOfMessages: '1' });
    });
    await queue.delete(latest);
    expect(await queue.receive()).toEqual([]);
  });

  it('that no receive gave are refused', async ({ world }) => {
    const queue = await world.fifoQueue();
    const command = new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: 'nonsense' });
    expect(await refusal(world.sqs.send(command))).toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });
});
