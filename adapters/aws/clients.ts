import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { adaptiveRetry } from './adaptive-retry.ts';

const ATTEMPTS = 3;
const WAIT_MS = 50;

/**
 * Three attempts with waits of 50 and 100 ms. Lambda deletes messages only when the invocation returns, so a longer
 * wait for one group would hold up all others. A message or record that still fails goes back to its queue or stream.
 */
export const shortRetry = () => new ConfiguredRetryStrategy(ATTEMPTS, (attempt: number) => WAIT_MS * attempt);

/** Time-outs in milliseconds. A call that hangs ends well before the function's own time-out. */
export const requestHandler = { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true };

/** The endpoint, region and credentials of a client. */
export interface ClientOptions {
  /** URL of the service. Default: `AWS_ENDPOINT_URL_*` in the environment, else AWS. */
  readonly endpoint?: string;
  /** AWS region. Default: `AWS_REGION` in the environment, else the region of the profile. */
  readonly region?: string;
  /** Profile in ~/.aws/config. Default: `AWS_PROFILE` in the environment. */
  readonly profile?: string;
  /** AWS credentials. Default: the SDK's credential provider chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Time-out of a request, in milliseconds. Default 1,500, which suits a function. */
  readonly requestTimeoutMs?: number;
}

function connection({ requestTimeoutMs = requestHandler.requestTimeout, ...options }: ClientOptions) {
  return { ...options, requestHandler: { ...requestHandler, requestTimeout: requestTimeoutMs } };
}

/**
 * Returns a DynamoDB client with Freshet's retries and time-outs: three attempts with short waits, and 1.5 s for a
 * request. Use it for `createOwner`, `createReader`, `createFlow` and the other functions that take a `DynamoDBClient`.
 *
 * @param options endpoint, region and credentials; default: the SDK's defaults
 */
export function dynamoDbClient(options: ClientOptions = {}): DynamoDBClient {
  return new DynamoDBClient({ ...connection(options), retryStrategy: shortRetry() });
}

/** Returns a DynamoDB client that slows down to the rate that a throttling table accepts. For a projector's writes. */
export function adaptiveDynamoDbClient(options: ClientOptions = {}): DynamoDBClient {
  return new DynamoDBClient({ ...connection(options), retryStrategy: adaptiveRetry(shortRetry()) });
}

/**
 * Returns an SNS client with Freshet's retries and time-outs, see `dynamoDbClient`. Use it for `createPublisher`.
 *
 * @param options endpoint, region and credentials; default: the SDK's defaults
 */
export function snsClient(options: ClientOptions = {}): SNSClient {
  return new SNSClient({ ...connection(options), retryStrategy: shortRetry() });
}

/** Returns an SQS client with Freshet's retries and time-outs, see `dynamoDbClient`. */
export function sqsClient(options: ClientOptions = {}): SQSClient {
  // The endpoint comes from the options or the environment, because a queue URL derived from an ARN only identifies the
  // queue.
  return new SQSClient({ ...connection(options), retryStrategy: shortRetry(), useQueueUrlAsEndpoint: false });
}
