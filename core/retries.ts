/** How often and how long a failing message is retried before it counts as poison. Both limits must be reached. */
export interface RetryLimits {
  readonly attempts: number;
  readonly ageSeconds: number;
}

/**
 * Longest time that a failing group is hidden before it is tried again. It is well below the retention of the queue.
 */
export const MAX_POSTPONE_SECONDS = 300;

/** Seconds that a group is hidden after its n-th failed attempt: 1, 2, 4, ... MAX_POSTPONE_SECONDS. */
export function postponeSeconds(receiveCount: number): number {
  return Math.min(MAX_POSTPONE_SECONDS, 2 ** Math.min(receiveCount - 1, 20));
}

/** The attempts of a message: times received, this time included, and when it was sent, epoch milliseconds. */
export interface Attempts {
  readonly receiveCount: number;
  readonly sentAtMs: number;
}

/** Whether a message has reached both limits, and counts as poison. */
export function isUsedUp(
  { receiveCount, sentAtMs }: Attempts,
  { attempts, ageSeconds }: RetryLimits,
  nowMs: number,
): boolean {
  return receiveCount >= attempts && nowMs - sentAtMs >= ageSeconds * 1000;
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
