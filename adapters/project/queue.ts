import type { Context, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { ReceivedMessage } from '../../core/project/ports.ts';

/** Reads a record of an SQS FIFO mapping. */
export function receivedMessage({ messageId, body, attributes }: SQSRecord): ReceivedMessage {
  return {
    messageId,
    body,
    groupId: attributes.MessageGroupId ?? '',
    sequenceNumber: attributes.SequenceNumber ?? '',
    receiveCount: Number(attributes.ApproximateReceiveCount),
    sentAtMs: Number(attributes.SentTimestamp),
    firstReceivedAtMs: Number(attributes.ApproximateFirstReceiveTimestamp),
  };
}

/**
 * The end of an invocation's time is reserved for returning unfinished messages: one call that sets their visibility,
 * and the answer. It is two seconds, or a fifth of a time-out below ten seconds.
 */
const RESERVE_MS = 2_000;
const RESERVE_SHARE = 0.2;

/**
 * A promise that resolves shortly before an invocation's time-out, when it must answer. Call `cancel` once the answer
 * is ready.
 */
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

/**
 * Processes the records of a batch side by side, each by itself. Only the records that failed are returned.
 *
 * @param onFailed called with each record that failed
 */
export async function eachRecord<R extends Pick<SQSRecord, 'messageId'>>(
  { Records }: { readonly Records: readonly R[] },
  work: (record: R) => Promise<unknown>,
  onFailed: (messageId: string, error: unknown) => void,
): Promise<SQSBatchResponse> {
  const results = await Promise.allSettled(Records.map(work));
  const failed = Records.flatMap(({ messageId }, index) => {
    const result = results[index];
    if (result?.status !== 'rejected') return [];
    onFailed(messageId, result.reason);
    return [{ itemIdentifier: messageId }];
  });
  return { batchItemFailures: failed };
}
