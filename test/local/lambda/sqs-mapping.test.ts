import { describe, expect, it } from 'vitest';
import { send } from '../fifo/virtual-account.ts';
import { flush, SUCCESS, THROTTLED, virtualMapping } from './virtual-sqs-mapping.ts';

describe('an SQS event source mapping', () => {
  it('an SQS mapping reports a message that was processed too late, and leaves it in the queue', async () => {
    const { queue, start, invocations, failures, advance } = virtualMapping();
    send(queue, 'a', '1');
    start();
    await flush();
    await advance(30_000);
    await invocations[0]?.answer(SUCCESS);
    expect(failures).toEqual([expect.stringContaining('was processed but not deleted')]);
    expect(invocations).toHaveLength(2);
  });

  it('a stopped SQS mapping receives no messages and waits for its running invocations', async () => {
    const { queue, start, invocations, timers } = virtualMapping({ batchSize: 1 });
    for (const body of ['1', '2']) send(queue, 'a', body);
    const mapping = start();
    await flush();
    let isStopped = false;
    const stopping = mapping.stop().then(() => {
      isStopped = true;
    });
    await flush();
    expect(isStopped).toBe(false);
    await invocations[0]?.answer(SUCCESS);
    await stopping;
    expect([invocations.length, queue.counts().visible, timers.length]).toEqual([1, 1, 0]);
  });

  it('an SQS mapping leaves messages in the queue until its function has room for them', async () => {
    let hasRoom = false;
    let announce = (): void => {};
    const onRoom = (listener: () => void) => {
      announce = listener;
      return () => {};
    };
    const { queue, start, invocations } = virtualMapping({ room: { hasRoom: () => hasRoom, onRoom } });
    send(queue, 'a', '1');
    start();
    await flush();
    expect([invocations.length, queue.totals.received]).toEqual([0, 0]);
    hasRoom = true;
    announce();
    await flush();
    expect([invocations.length, queue.totals.received]).toEqual([1, 1]);
  });

  it('an SQS mapping with a throttled batch stops without waiting for the back-off', async () => {
    const { queue, start, invocations, timers } = virtualMapping();
    send(queue, 'a', '1');
    const mapping = start();
    await flush();
    await invocations[0]?.answer(THROTTLED);
    await mapping.stop();
    expect([mapping.inFlight, timers.length]).toEqual([0, 0]);
  });
});
