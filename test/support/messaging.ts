import { randomUUID } from 'node:crypto';
import { createMessaging, type Messaging } from '../../local/fifo/messaging.ts';
import { startWire } from '../../local/wire/server.ts';
import { setTestCredentials } from './credentials.ts';

/** SNS and SQS on this machine, behind the protocols that the SDK speaks. */
export interface TestMessaging {
  readonly url: string;
  readonly messaging: Messaging;
  /** Lets time pass for queues and topics. */
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
