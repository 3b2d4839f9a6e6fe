import { type ConfiguredRetryStrategy, DefaultRateLimiter } from '@smithy/core/retry';

/** The SDK's `RetryStrategyV2`, which none of the installed packages exports. */
export type RetryStrategy = Pick<
  ConfiguredRetryStrategy,
  'acquireInitialRetryToken' | 'refreshRetryTokenForRetry' | 'recordSuccess'
>;

/**
 * Minimum rate in calls a second while the service throttles. The SDK's own minimum is one call in two seconds, with
 * which a batch of ten would wait 20 s. With this minimum it waits 1 s for each attempt.
 */
const MIN_CALLS_PER_SECOND = 10;

/**
 * Adds the SDK's adaptive rate limit to a retry strategy. When the service throttles, calls are sent at the rate that
 * it accepted, which then grows again; before that there is no limit. The SDK's own adaptive strategy isn't used,
 * because its waits between attempts are too long for a batch with other groups, and its rate has no configurable
 * minimum.
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
