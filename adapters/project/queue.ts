import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { ReceivedMessage } from '../../core/project/ports.ts';

/** A record of an SQS FIFO mapping as the projector reads it. */
export function receivedMessage({ messageId, body, attributes }: SQSRecord): ReceivedMessage {
  return {
    messageId,
    body,
    groupId: attributes.MessageGroupId ?? '',
    sequenceNumber: attributes.SequenceNumber ?? '',
    receiveCount: Number(attributes.ApproximateReceiveCount),
    sentAtMs: Number(attributes.SentTimestamp),
  };
}

/**
 * What is kept of an invocation's time to return what isn't done (one call for the visibility of its messages, and the answer): two
 * seconds, or a fifth of a shorter time.
 */
const RESERVE_MS = 2_000;
const RESERVE_SHARE = 0.2;

/** Resolves when an invocation must give its answer, shortly before its time-out; `cancel` it when the answer is there. */
export function timeLeft(context: Pick<Context, 'getRemainingTimeInMillis'>): {
  outOfTime: Promise<void>;
  cancel(): void;
} {
  let timer: NodeJS.Timeout | undefined;
  const outOfTime = new Promise<void>((resolve) => {
    const remainingMs = context.getRemainingTimeInMillis();
    timer = setTimeout(resolve, remainingMs - Math.min(RESERVE_MS, RESERVE_SHARE * remainingMs));
  });
  return { outOfTime, cancel: () => clearTimeout(timer) };
}

/** Works on each record of a batch by itself, side by side; those that failed are returned, and only those. */
export async function eachRecord(
  { Records }: SQSEvent,
  work: (record: SQSRecord) => Promise<unknown>,
): Promise<SQSBatchResponse> {
  const results = await Promise.allSettled(Records.map(work));
  const failed = Records.filter((_, index) => results[index]?.status === 'rejected');
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
