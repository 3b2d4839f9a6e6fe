/**
 * How often and how long a failing message is retried before it counts as poison. Both limits must be reached. The age
 * counts from the first receive, so that a message that waited behind an old backlog has its full budget.
 */
export interface RetryLimits {
  readonly attempts: number;
  readonly ageSeconds: number;
}

/** Longest time that a failing group is hidden during its first `OFTEN` attempts. */
export const MAX_POSTPONE_SECONDS = 300;

/**
 * From this attempt on, about 16 hours after the first one, a group is hidden for half an hour. A thousand attempts
 * then take 17 days. After a thousand receives SQS would move the message to the dead-letter queue without a reason
 * (sqs/sqs-dead-letter-queues), and the queue keeps a message for 14 days at most (sqs/quotas-queues). So a message
 * that fails on a throttled service stays in its queue.
 */
const OFTEN = 200;

/** Longest time that a failing group is hidden before it is tried again. */
export const LONGEST_POSTPONE_SECONDS = 1_800;

/** Seconds that a group is hidden after its n-th failed attempt: 1, 2, 4, ... MAX_POSTPONE_SECONDS, then 1,800. */
export function postponeSeconds(receiveCount: number): number {
  if (receiveCount > OFTEN) return LONGEST_POSTPONE_SECONDS;
  return Math.min(MAX_POSTPONE_SECONDS, 2 ** (receiveCount - 1));
}

/**
 * The attempts of a message: times received, this time included, and when it was first received, epoch milliseconds.
 */
export interface Attempts {
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number;
}

/** Whether a message has reached both limits, and counts as poison. */
export function isUsedUp(
  { receiveCount, firstReceivedAtMs }: Attempts,
  { attempts, ageSeconds }: RetryLimits,
  nowMs: number,
): boolean {
  return receiveCount >= attempts && nowMs - firstReceivedAtMs >= ageSeconds * 1000;
}

/**
 * The explanation of a message that used up its retries. It names the error and doesn't quote its text, which may
 * contain data that must not be stored.
 */
export function exhaustion({ receiveCount }: Pick<Attempts, 'receiveCount'>, error: unknown): string {
  return `failed ${receiveCount} times; last error: ${causeOf(error)}`;
}

/** An error's name: the only part of an error that is logged or stored. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
