import { Duration } from 'aws-cdk-lib';
import { LIMITS } from './limits.ts';

/** How long a failing event or fact is tried again. */
export interface RetryBudget {
  /** Receives, 1 to 1,000; those count too in which another one of the same group failed before it was tried. */
  readonly attempts: number;
  /** Since it came into the queue; 1 second to 3 days. */
  readonly age: Duration;
}

/** What is given where nothing else is said. */
export const DEFAULT_BUDGET: RetryBudget = { attempts: 12, age: Duration.hours(1) };

/**
 * What is tried every five minutes was received a thousand times after three and a half days, and SQS takes it away then, without a reason and with those
 * behind it.
 */
const MAX_AGE = Duration.days(3);

/** Throws for a budget that the queue can't give; the message says what was given and what is allowed. */
export function assertBudget({ attempts, age }: RetryBudget): void {
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > LIMITS.maxMaxReceiveCount) {
    throw new Error(`retryBudget.attempts: given: ${attempts}. An integer from 1 to ${LIMITS.maxMaxReceiveCount}.`);
  }
  if (age.toSeconds() < 1 || age.toSeconds() > MAX_AGE.toSeconds()) {
    throw new Error(
      `retryBudget.age: given: ${age.toHumanString()}. From 1 second to ${MAX_AGE.toHumanString()}: after that it may have been received ${LIMITS.maxMaxReceiveCount} times, and SQS takes it away.`,
    );
  }
}
