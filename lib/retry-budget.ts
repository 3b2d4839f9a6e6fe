import { Duration } from 'aws-cdk-lib';
import { LIMITS } from './limits.ts';

/** How long a failing event or fact is tried again. */
export interface RetryBudget {
  /** Receives, 1 to 1,000. */
  readonly attempts: number;
  /** Since it came into the queue; 1 second to 14 days. */
  readonly age: Duration;
}

/** What is given where nothing else is said. */
export const DEFAULT_BUDGET: RetryBudget = { attempts: 12, age: Duration.hours(1) };

/** Throws for a budget that the queue can't give; the message says what was given and what is allowed. */
export function assertBudget({ attempts, age }: RetryBudget): void {
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > LIMITS.maxMaxReceiveCount) {
    throw new Error(`retryBudget.attempts: given: ${attempts}. An integer from 1 to ${LIMITS.maxMaxReceiveCount}.`);
  }
  if (age.toSeconds() < 1 || age.toSeconds() > LIMITS.maxRetention.toSeconds()) {
    throw new Error(
      `retryBudget.age: given: ${age.toHumanString()}. From 1 second to ${LIMITS.maxRetention.toHumanString()}, as long as the queue keeps a message.`,
    );
  }
}
