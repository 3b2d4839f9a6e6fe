import { describe, expect } from 'vitest';
import { it } from './world.ts';

describe('message groups · sqs/FIFO-queues-understanding-logic', () => {
  it('gives several messages of one group in one receive, in the order they were sent', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2', '3');
    expect(await queue.receiveBodies()).toEqual(['1', '2', '3']);
  });

  it('mixes groups in one receive, each in its order', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'a1', 'a2');
    await queue.send('b', 'b1', 'b2');
    const bodies = await queue.receiveBodies();
    expect(bodies.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(bodies.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
  });

  it('gives as many of the same group as possible before it goes on with the next', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'a1', 'a2');
    await queue.send('b', 'b1', 'b2');
    expect(await queue.receiveBodies({ MaxNumberOfMessages: 3 })).toEqual(['a1', 'a2', 'b1']);
  });

  it('locks a group until every message received from it is deleted, and no other group', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'a1', 'a2', 'a3');
    const [first, second] = await queue.receive({ MaxNumberOfMessages: 2 });
    expect(await queue.receive()).toEqual([]);
    await queue.send('b', 'b1');
    expect(await queue.receiveBodies()).toEqual(['b1']);
    await queue.delete(first);
    expect(await queue.receive()).toEqual([]);
    await queue.delete(second);
    expect(await queue.receiveBodies()).toEqual(['a3']);
  });

  it('unlocks a group when what was received from it becomes visible, which comes first again', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '2' });
    await queue.send('a', '1', '2', '3');
    expect(await queue.receiveBodies({ MaxNumberOfMessages: 1 })).toEqual(['1']);
    await world.advance(2);
    expect(await queue.receiveBodies()).toEqual(['1', '2', '3']);
  });

  it('keeps the order of what is left of a batch that was deleted in part', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2', '3', '4');
    const [first, second, third] = await queue.receive({ MaxNumberOfMessages: 3 });
    await queue.changeVisibility(third, 0);
    await queue.delete(second);
    expect(await queue.receive()).toEqual([]);
    await queue.changeVisibility(first, 0);
    expect(await queue.receiveBodies()).toEqual(['1', '3', '4']);
  });

  it('gives nothing that is behind an invisible head, whatever became of the rest of its batch', async ({ world }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '2' });
    await queue.send('a', 'head', '2', '3');
    const [head, second] = await queue.receive({ MaxNumberOfMessages: 2 });
    await queue.changeVisibility(head, 8);
    await queue.delete(second);
    await world.advance(3);
    expect(await queue.receive()).toEqual([]);
    await world.advance(6);
    expect(await queue.receiveBodies()).toEqual(['head', '3']);
  });

  it('puts a message that is sent while its group is locked behind the others', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1');
    const [first] = await queue.receive();
    await queue.send('a', '2');
    expect(await queue.receive()).toEqual([]);
    await queue.changeVisibility(first, 0);
    expect(await queue.receiveBodies()).toEqual(['1', '2']);
  });
});
