import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type ClientOptions, requestHandler, shortRetry } from './clients.ts';

/** A CloudWatch client. It has a file of its own so that services, which read and write only tables, don't load it. */
export function cloudWatchClient(options: ClientOptions = {}): CloudWatchClient {
  return new CloudWatchClient({ ...options, requestHandler, retryStrategy: shortRetry() });
}
