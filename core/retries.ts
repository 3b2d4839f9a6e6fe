import type { ReceivedMessage } from './project/ports.ts';

/** What a failing message is given before it counts as poison: it must be used up in attempts and in age. */
export interface RetryLimits {
  readonly attempts: number;
  readonly ageSeconds: number;
}

/** Longest a failing group is hidden before it is tried again; well under the retention of the queue. */
export const MAX_POSTPONE_SECONDS = 300;

/** Seconds that a group waits after its n-th failed attempt: 1, 2, 4, ... MAX_POSTPONE_SECONDS. */
export function postponeSeconds(receiveCount: number): number {
  return Math.min(MAX_POSTPONE_SECONDS, 2 ** Math.min(receiveCount - 1, 20));
}

/** Whether a message has been tried so often, and for so long, that it counts as poison. */
export function isUsedUp(
  { receiveCount, sentAtMs }: Pick<ReceivedMessage, 'receiveCount' | 'sentAtMs'>,
  { attempts, ageSeconds }: RetryLimits,
  nowMs: number,
): boolean {
  return receiveCount >= attempts && nowMs - sentAtMs >= ageSeconds * 1000;
}

/** Why a message whose retries are used up was set aside: it names the error and never quotes it, for that may say more than may be kept. */
export function exhaustion({ receiveCount }: Pick<ReceivedMessage, 'receiveCount'>, error: unknown): string {
  return `failed ${receiveCount} times; at last: ${causeOf(error)}`;
}

/** An error's name, which is all of it that is logged or kept. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
