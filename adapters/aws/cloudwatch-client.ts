import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type ClientOptions, type Patience, requestHandler, shortRetry } from './clients.ts';

/**
 * A CloudWatch client. It has a file of its own so that services, which read and write only tables, don't load it.
 *
 * @param patience default: that of a function
 */
export function cloudWatchClient(
  options: ClientOptions = {},
  patience: Patience = { requestHandler, retryStrategy: shortRetry() },
): CloudWatchClient {
  return new CloudWatchClient({ ...options, ...patience });
}
