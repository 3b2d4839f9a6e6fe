import type { Message } from '@aws-sdk/client-sqs';
import { describe, expect } from 'vitest';
import { it, refusal } from './world.ts';

const ids = (messages: readonly Message[]) =>
  messages.map(({ MessageId, ReceiptHandle }) => ({ MessageId, ReceiptHandle }));

describe('ReceiveRequestAttemptId · sqs-api/API_ReceiveMessage', () => {
  const attempt = { ReceiveRequestAttemptId: 'attempt-1' };

  it('a repeated receive attempt gets the same messages with the same receipt handles, although they are invisible', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2', '3');
    const first = await queue.receive({ ...attempt, MaxNumberOfMessages: 2 });
    expect(await queue.receive()).toEqual([]);
    const again = await queue.receive({ ...attempt, MaxNumberOfMessages: 2 });
    expect(again.map(({ Body }) => Body)).toEqual(['1', '2']);
    expect(ids(again)).toEqual(ids(first));
    await queue.delete(...first);
    expect(await queue.receiveBodies()).toEqual(['3']);
  });

  it('a receive attempt does not get the messages of another attempt', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2');
    await queue.receive({ ...attempt, MaxNumberOfMessages: 1 });
    expect(await queue.receive({ ReceiveRequestAttemptId: 'attempt-2' })).toEqual([]);
  });

  it('a repeated receive attempt resets the visibility timeout', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '4' });
    await queue.send('a', '1');
    await queue.receive(attempt);
    await world.advance(2);
    expect(await queue.receiveBodies(attempt)).toEqual(['1']);
    await world.advance(2.5);
    expect(await queue.receive({ WaitTimeSeconds: 0 })).toEqual([]);
    await world.advance(1.5);
    expect(await queue.receiveBodies()).toEqual(['1']);
  });

  it('a repeated receive attempt is a new receive after the visibility timeout', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '1' });
    await queue.send('a', '1');
    const first = await queue.receive(attempt);
    await world.advance(1);
    const second = await queue.receive(attempt);
    expect(second.map(({ Body }) => Body)).toEqual(['1']);
    expect(second[0]?.ReceiptHandle).not.toBe(first[0]?.ReceiptHandle);
  });

  it('a receive attempt can be repeated for five minutes only, however often it is used', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '600' });
    await queue.send('a', '1');
    await queue.receive(attempt);
    await world.advance(299);
    expect(await queue.receiveBodies(attempt)).toEqual(['1']);
    await world.advance(1);
    expect(await queue.receive(attempt)).toEqual([]);
  });

  it('a repeated receive attempt gets no messages once one of them is deleted', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2');
    const [first] = await queue.receive(attempt);
    await queue.delete(first);
    expect((await queue.receive(attempt).catch(() => [])).length).toBe(0);
  });

  it('a repeated receive attempt gets no messages once the visibility of one of them was changed', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2');
    const [first] = await queue.receive(attempt);
    await queue.changeVisibility(first, 30);
    expect((await queue.receive(attempt).catch(() => [])).length).toBe(0);
  });

  it('a repeated receive attempt without messages gets the messages that were sent since', async ({ world }) => {
    const queue = await world.fifoQueue();
    expect(await queue.receive({ ...attempt, WaitTimeSeconds: 0 })).toEqual([]);
    await queue.send('a', '1');
    expect(await queue.receiveBodies(attempt)).toEqual(['1']);
  });

  it('an id of a receive attempt must have 1 to 128 letters, digits and punctuation characters', async ({ world }) => {
    const queue = await world.fifoQueue();
    for (const ReceiveRequestAttemptId of ['x'.repeat(129), 'two words']) {
      const name = 'InvalidParameterValue';
      expect(await refusal(queue.receive({ ReceiveRequestAttemptId }))).toEqual({ name, status: 400 });
    }
  });
});
