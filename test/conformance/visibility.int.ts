import { ChangeMessageVisibilityBatchCommand, DeleteMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import { it, refusal } from './world.ts';

describe('visibility timeouts · sqs/sqs-visibility-timeout', () => {
  it("a received message is hidden for the queue's visibility timeout and then received again", async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '4' });
    await queue.send('a', 'x');
    await queue.receive();
    await world.advance(1);
    expect(await queue.receive({ WaitTimeSeconds: 0 })).toEqual([]);
    await world.advance(3);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it("a receive can set another visibility timeout than the queue's", async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    await queue.receive({ VisibilityTimeout: 1 });
    await world.advance(1);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('the visibility timeout is 30 seconds by default', async ({ world }) => {
    const queue = await world.fifoQueue();
    expect(await queue.attributes()).toMatchObject({ VisibilityTimeout: '30' });
    await queue.send('a', 'x');
    await queue.receive();
    await world.advance(29.999);
    expect(await queue.receive()).toEqual([]);
    await world.advance(0.001);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('a message has its number of receives and the time of its first receive · sqs-api/API_ReceiveMessage', async ({
    world,
  }) => {
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

describe('changes of a visibility timeout · sqs-api/API_ChangeMessageVisibility', () => {
  it('a changed visibility timeout counts from the change', async ({ world }) => {
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

  it('a changed visibility timeout does not apply to the next receive', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await queue.changeVisibility(message, 3);
    await world.advance(3);
    expect(await queue.receiveBodies()).toEqual(['x']);
    await world.advance(1);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('a visibility timeout of 0 makes a message visible at once, also in a batch · sqs-api/API_ChangeMessageVisibilityBatch', async ({
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

  it('a visibility timeout beyond 12 hours after the receive is refused', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await world.advance(10);
    expect(await refusal(queue.changeVisibility(message, 43_200))).toMatchObject({ name: 'InvalidParameterValue' });
    expect(await refusal(queue.changeVisibility(message, 43_201))).toMatchObject({ name: 'InvalidParameterValue' });
    await queue.changeVisibility(message, 43_180);
  });

  it('a change of visibility is refused for a message that is no longer in flight', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await world.advance(1);
    expect(await refusal(queue.changeVisibility(message, 5))).toEqual({ name: 'MessageNotInflight', status: 400 });
  });
});

describe('receipt handles · sqs-api/API_DeleteMessage', () => {
  it('a receipt handle of a FIFO queue deletes nothing after the visibility timeout · repost.aws/knowledge-center/sqs-receipt-handle-error', async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await world.advance(1);
    await expect(queue.delete(message)).rejects.toMatchObject({ Code: 'InvalidParameterValue', SenderFault: true });
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('a receipt handle of an earlier receive deletes nothing', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    const [stale] = await queue.receive();
    await queue.changeVisibility(stale, 0);
    const [latest] = await queue.receive();
    expect(latest?.ReceiptHandle).not.toBe(stale?.ReceiptHandle);
    // By the page, the request succeeds; a FIFO queue refuses it. In both cases nothing is deleted.
    await queue.delete(stale).catch(() => {});
    await queue.changeVisibility(latest, 0);
    expect(await queue.receiveBodies()).toEqual(['x']);
  });

  it('a receipt handle can delete its message twice', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'x');
    const [message] = await queue.receive();
    await queue.delete(message);
    await queue.delete(message);
  });

  it('a receipt handle of a standard queue deletes its message until the message is received again', async ({
    world,
  }) => {
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

  it('an unknown receipt handle is refused', async ({ world }) => {
    const queue = await world.fifoQueue();
    const command = new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: 'nonsense' });
    expect(await refusal(world.sqs.send(command))).toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });
});
