import { Duration } from 'aws-cdk-lib';
import { LIMITS } from './limits.ts';

/**
 * How long a failing event or fact is retried before it is parked. It is parked when both limits are reached, but never
 * on an error of AWS that passes by itself, such as throttling, however long it lasts.
 */
export interface RetryBudget {
  /**
   * Number of receives, an integer from 1 to 1,000. All receives count, also those in which AWS throttled, or in which
   * an earlier message of the same group failed first.
   */
  readonly attempts: number;
  /**
   * Time since the message was first received, 1 second to 3 days. Time that it waited in the queue before doesn't
   * count.
   */
  readonly age: Duration;
}

/** The budget of a cache, fact queue or saga that sets none. */
export const DEFAULT_BUDGET: RetryBudget = { attempts: 12, age: Duration.hours(1) };

/** The later messages of the group wait in the queue meanwhile, which keeps them for 14 days (sqs/quotas-queues). */
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
      `retryBudget.age: out of range: ${age.toHumanString()}. Allowed: 1 second to ${MAX_AGE.toHumanString()}. The ` +
        'later messages of the group wait in the queue meanwhile.',
    );
  }
}
