import { randomUUID } from 'node:crypto';
import { createMessaging, type Messaging } from '../../local/fifo/messaging.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import type { Topic } from '../../local/fifo/topic.ts';
import { startWire } from '../../local/wire/server.ts';
import { setTestCredentials } from './credentials.ts';

/** SNS and SQS on this machine, with an endpoint for the AWS SDK. */
export interface TestMessaging {
  readonly url: string;
  readonly messaging: Messaging;
  /** Moves the clock of the queues and topics forward. */
  advance(milliseconds: number): void;
  stop(): Promise<void>;
}

export async function startMessaging(): Promise<TestMessaging> {
  setTestCredentials();
  let nowMs = Date.parse('2026-11-23T12:00:00Z');
  const account = { region: 'us-east-1', accountId: '000000000000' };
  const messaging = createMessaging({ now: () => nowMs, newId: randomUUID, ...account });
  const wire = await startWire({ messaging });
  return {
    url: wire.url,
    messaging,
    advance: (milliseconds) => {
      nowMs += milliseconds;
    },
    stop: () => wire.close(),
  };
}

/**
 * Creates a FIFO topic that delivers raw messages to a FIFO queue. The subscription has a filter like that of a cache.
 *
 * @param name the name of the topic and of the queue, without `.fifo`
 */
export function topicWithQueue({ messaging }: TestMessaging, name: string): { topic: Topic; queue: Queue } {
  const topic = messaging.createTopic(`${name}.fifo`, { FifoTopic: 'true' });
  const queue = messaging.createQueue(`${name}.fifo`, { FifoQueue: 'true' });
  const subscription = { RawMessageDelivery: 'true', FilterPolicy: JSON.stringify({ type: ['Thing', 'Country'] }) };
  messaging.subscribe(topic.arn, 'sqs', queue.arn, subscription);
  return { topic, queue };
}
