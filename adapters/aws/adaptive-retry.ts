import { type ConfiguredRetryStrategy, DefaultRateLimiter } from '@smithy/core/retry';

/** How the SDK is told to try again: its `RetryStrategyV2`, which no package of ours exports. */
export type RetryStrategy = Pick<
  ConfiguredRetryStrategy,
  'acquireInitialRetryToken' | 'refreshRetryTokenForRetry' | 'recordSuccess'
>;

/**
 * Calls a second that are let through at least, however the service throttles. The SDK goes down to one in two seconds, and a batch of ten
 * would wait 20 s; so it waits one for each attempt.
 */
const MIN_CALLS_PER_SECOND = 10;

/**
 * Adds the SDK's adaptive rate limit to a strategy: once the service throttles, calls are sent at the rate that it took, which grows again by
 * itself; until then nothing is limited. The SDK's own adaptive strategy brings waits between attempts that are too long for a batch which
 * holds other groups, and has no lower bound of the rate.
 */
export function adaptiveRetry(retry: RetryStrategy): RetryStrategy {
  const limiter = new DefaultRateLimiter({ minFillRate: MIN_CALLS_PER_SECOND, minCapacity: MIN_CALLS_PER_SECOND });
  return {
    async acquireInitialRetryToken(scope) {
      const token = await retry.acquireInitialRetryToken(scope);
      await limiter.getSendToken();
      return token;
    },
    async refreshRetryTokenForRetry(token, failure) {
      limiter.updateClientSendingRate(failure);
      const next = await retry.refreshRetryTokenForRetry(token, failure);
      await limiter.getSendToken();
      return next;
    },
    recordSuccess(token) {
      limiter.updateClientSendingRate({});
      retry.recordSuccess(token);
    },
  };
}
