import { LambdaClient } from '@aws-sdk/client-lambda';
import { type ClientOptions, requestHandler, shortRetry } from './clients.ts';

/** A Lambda client. Only the functions of an adopted table load it. */
export function lambdaClient(options: ClientOptions = {}): LambdaClient {
  return new LambdaClient({ ...options, requestHandler, retryStrategy: shortRetry() });
}
