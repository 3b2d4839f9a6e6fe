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
}

/** How long a client waits for a request, and how it retries: settings of the SDK's clients. */
export interface Patience {
  readonly requestHandler: typeof requestHandler;
  /** @default - the SDK's standard retries, as many as `maxAttempts` */
  readonly retryStrategy?: ReturnType<typeof shortRetry | typeof adaptiveRetry>;
  readonly maxAttempts?: number;
  /** Whether the client prepares its middleware once, not for each call. */
  readonly cacheMiddleware?: boolean;
}

/** What adapters need of a client. */
export type Sender<C extends { readonly send: unknown }> = Pick<C, 'send'>;

/**
 * Returns a client that is created at its first call, because creating one takes milliseconds of a cold start. For
 * calls that a function rarely makes.
 */
export function createdLater<C extends { readonly send: (...args: never[]) => unknown }>(create: () => C): Sender<C> {
  let client: C | undefined;
  const send = (...args: never[]) => {
    client ??= create();
    return client.send(...args);
  };
  return { send } as Sender<C>;
}

/** Removes the SDK's log of calls, which prepares a copy of each input and output even if there is no logger. */
function withoutLog<C extends { readonly middlewareStack: { remove(name: string): boolean } }>(client: C): C {
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

/** The patience of a function. */
const ofFunction = (): Patience => ({ requestHandler, retryStrategy: shortRetry(), cacheMiddleware: true });

/**
 * Returns a DynamoDB client with Freshet's retries and time-outs: three attempts with short waits, and 1.5 s for a
 * request. Use it for `createOwner`, `createReader`, `createFlow` and the other functions that take a `DynamoDBClient`.
 * Add middleware before the first call: the client keeps what it was called with first (`cacheMiddleware` of the SDK).
 *
 * @param options endpoint, region and credentials; default: the SDK's defaults
 * @param patience default: that of a function
 */
export function dynamoDbClient(options: ClientOptions = {}, patience: Patience = ofFunction()): DynamoDBClient {
  return withoutLog(new DynamoDBClient({ ...options, ...patience }));
}

/** Returns a DynamoDB client that slows down to the rate that a throttling table accepts. For a projector's writes. */
export function adaptiveDynamoDbClient(options: ClientOptions = {}): DynamoDBClient {
  return dynamoDbClient(options, { ...ofFunction(), retryStrategy: adaptiveRetry(shortRetry()) });
}

/**
 * Returns an SNS client with Freshet's retries and time-outs, see `dynamoDbClient`. Use it for `createPublisher`.
 *
 * @param options endpoint, region and credentials; default: the SDK's defaults
 * @param patience default: that of a function
 */
export function snsClient(options: ClientOptions = {}, patience: Patience = ofFunction()): SNSClient {
  return withoutLog(new SNSClient({ ...options, ...patience }));
}

/** Returns an SQS client with Freshet's retries and time-outs, see `dynamoDbClient`. */
export function sqsClient(options: ClientOptions = {}, patience: Patience = ofFunction()): SQSClient {
  // The endpoint comes from the options or the environment, because a queue URL derived from an ARN only identifies the
  // queue.
  return withoutLog(new SQSClient({ ...options, ...patience, useQueueUrlAsEndpoint: false }));
}
