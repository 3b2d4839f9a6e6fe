import { describe, expect } from 'vitest';
import { it } from './world.ts';

describe('message groups · sqs/FIFO-queues-understanding-logic', () => {
  it('a receive returns several messages of one group in the order in which they were sent', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2', '3');
    expect(await queue.receiveBodies()).toEqual(['1', '2', '3']);
  });

  it('a receive can return several groups, each in order', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'a1', 'a2');
    await queue.send('b', 'b1', 'b2');
    const bodies = await queue.receiveBodies();
    expect(bodies.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(bodies.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
  });

  it('a receive returns as many messages of one group as possible before those of the next group', async ({
    world,
  }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', 'a1', 'a2');
    await queue.send('b', 'b1', 'b2');
    expect(await queue.receiveBodies({ MaxNumberOfMessages: 3 })).toEqual(['a1', 'a2', 'b1']);
  });

  it('a group is locked until all its received messages are deleted, and other groups are not locked', async ({
    world,
  }) => {
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

  it('a group is unlocked when its received messages become visible, and they are received first again', async ({
    world,
  }) => {
    const queue = await world.fifoQueue({ VisibilityTimeout: '2' });
    await queue.send('a', '1', '2', '3');
    expect(await queue.receiveBodies({ MaxNumberOfMessages: 1 })).toEqual(['1']);
    await world.advance(2);
    expect(await queue.receiveBodies()).toEqual(['1', '2', '3']);
  });

  it('the rest of a partly deleted batch keeps its order', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1', '2', '3', '4');
    const [first, second, third] = await queue.receive({ MaxNumberOfMessages: 3 });
    await queue.changeVisibility(third, 0);
    await queue.delete(second);
    expect(await queue.receive()).toEqual([]);
    await queue.changeVisibility(first, 0);
    expect(await queue.receiveBodies()).toEqual(['1', '3', '4']);
  });

  it('messages behind an invisible message of their group are not received, even if its batch is deleted', async ({
    world,
  }) => {
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

  it('a message that is sent to a locked group comes after the other messages of the group', async ({ world }) => {
    const queue = await world.fifoQueue();
    await queue.send('a', '1');
    const [first] = await queue.receive();
    await queue.send('a', '2');
    expect(await queue.receive()).toEqual([]);
    await queue.changeVisibility(first, 0);
    expect(await queue.receiveBodies()).toEqual(['1', '2']);
  });
});
