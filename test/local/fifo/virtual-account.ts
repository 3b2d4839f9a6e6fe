import type { ReceivedMessage } from '../../../local/fifo/message.ts';
import { createMessaging, type Messaging } from '../../../local/fifo/messaging.ts';
import type { Queue } from '../../../local/fifo/queue.ts';
import type { Attributes } from '../../../local/fifo/queue-attributes.ts';

/** An empty account with a virtual clock and consecutive ids. */
export interface VirtualAccount {
  readonly messaging: Messaging;
  readonly clock: { ms: number };
  fifoQueue(name: string, attributes?: Attributes): Queue;
}

export function virtualAccount(): VirtualAccount {
  const clock = { ms: Date.parse('2026-11-23T00:00:00Z') };
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  const messaging = createMessaging({ now: () => clock.ms, newId, region: 'eu-central-1', accountId: '000000000000' });
  return {
    messaging,
    clock,
    fifoQueue: (name, attributes = {}) => messaging.createQueue(name, { FifoQueue: 'true', ...attributes }),
  };
}

let sent = 0;

/** Sends a message with a new deduplication id. */
export function send(queue: Queue, groupId: string, body: string): void {
  sent += 1;
  queue.send({ groupId, body, deduplicationId: `send-${sent}` });
}

export function bodies(messages: readonly ReceivedMessage[]): string[] {
  return messages.map(({ body }) => body);
}

/** The code of the error that an operation throws, or `none`. */
export function codeOf(operation: () => unknown): unknown {
  try {
    operation();
    return 'none';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}
