import { Duration } from 'aws-cdk-lib';
import { LIMITS } from './limits.ts';

/** How long a failing event or fact is retried before it is parked. It is parked when both limits are reached. */
export interface RetryBudget {
  /**
   * Number of receives, an integer from 1 to 1,000. Receives in which an earlier message of the same group failed first
   * count too.
   */
  readonly attempts: number;
  /** Time since the message entered the queue, 1 second to 3 days. */
  readonly age: Duration;
}

/** The budget of a cache, fact queue or saga that sets none. */
export const DEFAULT_BUDGET: RetryBudget = { attempts: 12, age: Duration.hours(1) };

/**
 * A message that is retried every five minutes has been received a thousand times after three and a half days. SQS then
 * moves it, and the messages queued behind it, to the dead-letter queue without a reason.
 */
const MAX_AGE = Duration.days(3);

/** Throws if the queue can't keep a message for the budget's attempts and age. */
export function assertBudget({ attempts, age }: RetryBudget): void {
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > LIMITS.maxMaxReceiveCount) {
    throw new Error(
      `retryBudget.attempts: out of range: ${attempts}. Allowed: an integer from 1 to ${LIMITS.maxMaxReceiveCount}.`,
    );
  }
  if (age.toSeconds() < 1 || age.toSeconds() > MAX_AGE.toSeconds()) {
    throw new Error(
      `retryBudget.age: out of range: ${age.toHumanString()}. Allowed: 1 second to ${MAX_AGE.toHumanString()}. After ` +
        `${LIMITS.maxMaxReceiveCount} receives, SQS moves the message to the dead-letter queue without a reason.`,
    );
  }
}
