import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { adaptiveRetry } from './adaptive-retry.ts';

/**
 * Waits of 50 and 100 ms between three attempts. A mapping deletes messages only when the invocation returns, so a longer wait
 * for one group would hold all others; what still fails then goes back to its queue or stream.
 */
const shortRetry = () => new ConfiguredRetryStrategy(3, (attempt: number) => 50 * attempt);

/** The SDK reuses connections by default; a call that hangs ends well before the function's own time-out. */
const requestHandler = { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true };

/** Where a client goes; undefined is AWS, or what AWS_ENDPOINT_URL_* in the environment says. */
export interface ClientOptions {
  readonly endpoint?: string;
  /** Default: what AWS_REGION or the profile says. */
  readonly region?: string;
  /** Default: what the SDK finds. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function dynamoDbClient(options: ClientOptions = {}): DynamoDBClient {
  return new DynamoDBClient({ ...options, requestHandler, retryStrategy: shortRetry() });
}

/** For a projector's writes: a table that throttles is asked at the rate that it takes. */
export function adaptiveDynamoDbClient(options: ClientOptions = {}): DynamoDBClient {
  return new DynamoDBClient({ ...options, requestHandler, retryStrategy: adaptiveRetry(shortRetry()) });
}

export function cloudWatchClient(options: ClientOptions = {}): CloudWatchClient {
  return new CloudWatchClient({ ...options, requestHandler, retryStrategy: shortRetry() });
}

export function snsClient(options: ClientOptions = {}): SNSClient {
  return new SNSClient({ ...options, requestHandler, retryStrategy: shortRetry() });
}

export function sqsClient(options: ClientOptions = {}): SQSClient {
  // A URL that was made of an ARN names a queue; where SQS is found, the region or the environment says.
  return new SQSClient({ ...options, requestHandler, retryStrategy: shortRetry(), useQueueUrlAsEndpoint: false });
}
