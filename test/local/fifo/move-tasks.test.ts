import { describe, expect, it } from 'vitest';
import { bodies, send, virtualAccount } from './virtual-account.ts';

/** A dead-letter queue with the messages a1, b1, c1, a2, which came from `q.fifo` in this order. */
function withDeadLetters() {
  const account = virtualAccount();
  const dead = account.fifoQueue('dead.fifo');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
  const queue = account.fifoQueue('q.fifo', { RedrivePolicy });
  for (const body of ['a1', 'b1', 'c1', 'a2']) {
    send(queue, body.slice(0, 1), body);
    queue.receive();
    account.clock.ms += 30_000;
    queue.receive();
  }
  return { ...account, dead, queue, tasks: account.messaging.moveTasks };
}

describe('a move task', () => {
  it('a move task moves the oldest message first, whatever its group', () => {
    const { tasks, dead, fifoQueue, clock } = withDeadLetters();
    const other = fifoQueue('other.fifo');
    tasks.start({ sourceArn: dead.arn, destinationArn: other.arn, maxPerSecond: 1 });
    const order: string[] = [];
    for (let second = 0; second < 4; second += 1) {
      clock.ms += 1_000;
      tasks.advance();
      order.push(...bodies(other.receive(10, 0)).filter((body) => !order.includes(body)));
    }
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2']);
    expect(tasks.list(dead.arn)).toMatchObject([{ status: 'COMPLETED', moved: 4, toMove: 4 }]);
  });

  it('a move task tells when its next message is due, until the task ends', () => {
    const { tasks, dead, clock } = withDeadLetters();
    tasks.start({ sourceArn: dead.arn, maxPerSecond: 2 });
    expect(tasks.nextStepAtMs()).toBe(clock.ms + 500);
    clock.ms += 2_000;
    tasks.advance();
    expect(tasks.nextStepAtMs()).toBeUndefined();
  });

  it('a move task does not move the group of a message in flight', () => {
    const { tasks, dead, queue } = withDeadLetters();
    dead.receive(1);
    expect(tasks.start({ sourceArn: dead.arn })).toMatchObject({ status: 'COMPLETED', moved: 2 });
    expect(bodies(queue.receive(10)).sort()).toEqual(['b1', 'c1']);
    expect(dead.counts()).toEqual({ visible: 1, inFlight: 1, delayed: 0 });
  });

  it('a move task fails at a message that came from no queue, and the message stays', () => {
    const { tasks, dead } = withDeadLetters();
    send(dead, 'd', 'sent directly');
    const failureReason = 'CouldNotDetermineMessageSource';
    expect(tasks.start({ sourceArn: dead.arn })).toMatchObject({ status: 'FAILED', moved: 4, failureReason });
    expect(bodies(dead.receive(10))).toEqual(['sent directly']);
  });

  it('a move task fails if its destination was deleted', () => {
    const { tasks, dead, messaging, fifoQueue, clock } = withDeadLetters();
    const other = fifoQueue('other.fifo');
    tasks.start({ sourceArn: dead.arn, destinationArn: other.arn, maxPerSecond: 1 });
    messaging.deleteQueue(other.arn);
    clock.ms += 1_000;
    const failureReason = 'AWS.SimpleQueueService.NonExistentQueue';
    expect(tasks.list(dead.arn)).toMatchObject([{ status: 'FAILED', moved: 0, failureReason }]);
    expect(dead.counts().visible).toBe(4);
  });
});
