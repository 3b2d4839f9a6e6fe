import type { MessageAttributes } from './message.ts';

/** A published message on its way from a topic to the subscribed queues. */
export interface Notification {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly message: string;
  readonly messageAttributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly atMs: number;
  /** Whether a replay delivers the message again. @default false */
  readonly isReplayed?: boolean;
}
