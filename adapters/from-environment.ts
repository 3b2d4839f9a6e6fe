import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { Boundary } from '../core/contract/contract.ts';
import { environmentNames } from '../core/environment.ts';
import { dynamoDbClient, snsClient } from './aws/clients.ts';
import { createFacts, type Facts, type PublishingBoundary } from './facts/outbox.ts';
import { createFlow } from './govern/flow.ts';
import type { Owner, OwningBoundary } from './own/owner.ts';
import { createOwner } from './own/owner-table.ts';
import { createStatePublisher, type Publisher } from './own/publisher.ts';
import { createReader } from './read/cache-table.ts';
import type { CachingBoundary, Reader } from './read/reader.ts';
import { createPublisher } from './relay/topic.ts';
import { type AnswerHandler, type AnswerOptions, createAnswerHandler } from './repair/answer-handler.ts';

/** What a function opens, and the client that it uses. */
export interface FromEnvironmentOptions<B> {
  /** The boundary, made by `defineBoundary`. Its name selects the environment variables. */
  readonly boundary: B;
  /** The DynamoDB client. Default: one client that all calls of this process share, see `dynamoDbClient`. */
  readonly client?: DynamoDBClient;
}

let shared: DynamoDBClient | undefined;

/** The client of this process. A function that opens several tables needs the connections of one client only. */
function sharedClient(): DynamoDBClient {
  shared ??= dynamoDbClient();
  return shared;
}

/**
 * Opens the owner's table in a Lambda function that `EntityOwner.grantWrite` gave access to, with the owner's flow
 * control. Call it once, outside the handler.
 *
 * @throws Error if the environment variables `FRESHET_OWNER_<BOUNDARY>` and `FRESHET_FLOW_<BOUNDARY>` aren't set
 */
export function ownerFromEnvironment<B extends OwningBoundary>(options: FromEnvironmentOptions<B>): Owner<B['owns']> {
  const { boundary, client = sharedClient() } = options;
  const { ownerTable, flowTable } = environmentNames(boundary.name);
  const grant = 'EntityOwner.grantWrite';
  const flow = createFlow({ client, tableName: required(flowTable, grant) });
  return createOwner({ boundary, client, tableName: required(ownerTable, grant), flow });
}

/**
 * Opens the owner's topic in a Lambda function that `ChangeTopic.grantPublish` gave access to, with the owner's flow
 * control. See `createStatePublisher`. Call it once, outside the handler.
 *
 * @param options.topics the SNS client; default: a new one, see `snsClient`
 * @throws Error if the environment variables `FRESHET_TOPIC_<BOUNDARY>` and `FRESHET_FLOW_<BOUNDARY>` aren't set
 */
export function publisherFromEnvironment<B extends Boundary>(
  options: FromEnvironmentOptions<B> & { readonly topics?: SNSClient },
): Publisher<B['owns']> {
  const { boundary, client = sharedClient(), topics = snsClient() } = options;
  const { changeTopic, flowTable } = environmentNames(boundary.name);
  const grant = 'ChangeTopic.grantPublish';
  const flow = createFlow({ client, tableName: required(flowTable, grant) });
  const send = createPublisher({ client: topics, topicArn: required(changeTopic, grant, 'ARN of the topic') });
  return createStatePublisher({ boundary, send, flow });
}

/**
 * Creates the handler of a Lambda function that `ChangeTopic.answerWith` or `ChangeTopic.grantAnswer` gave access to.
 * See `createAnswerHandler`. Call it once, outside the handler.
 *
 * @param options.topics the SNS client; default: a new one, see `snsClient`
 * @throws Error if the environment variable `FRESHET_TOPIC_<BOUNDARY>` isn't set
 * @throws RangeError if `ratePerSecond` is outside its range
 */
export function answerHandlerFromEnvironment<B extends Boundary>(
  options: AnswerOptions<B> & { readonly topics?: SNSClient },
): AnswerHandler {
  const { topics = snsClient(), ...others } = options;
  const { changeTopic } = environmentNames(options.boundary.name);
  const topicArn = required(changeTopic, 'ChangeTopic.answerWith', 'ARN of the topic');
  return createAnswerHandler({ ...others, send: createPublisher({ client: topics, topicArn }) });
}

/**
 * Opens the cache in a Lambda function that `LocalCache.grantRead` gave access to. Call it once, outside the handler.
 *
 * @throws Error if the environment variable `FRESHET_CACHE_<BOUNDARY>` isn't set
 */
export function readerFromEnvironment<B extends CachingBoundary>(
  options: FromEnvironmentOptions<B>,
): Reader<B['caches']> {
  const { boundary, client = sharedClient() } = options;
  return createReader({
    boundary,
    client,
    tableName: required(environmentNames(boundary.name).cacheTable, 'LocalCache.grantRead'),
  });
}

/**
 * Opens the boundary's table of facts in a Lambda function that `FactTopic.grantCommit` gave access to. Call it once,
 * outside the handler.
 *
 * @param options.keepSeconds how long a fact stays in the table, where a second commit finds it; default for ever
 * @throws Error if the environment variable `FRESHET_FACTS_<BOUNDARY>` isn't set
 */
export function factsFromEnvironment<B extends PublishingBoundary>(
  options: FromEnvironmentOptions<B> & { readonly keepSeconds?: number },
): Facts<B['publishes']> {
  const { boundary, client = sharedClient(), keepSeconds } = options;
  return createFacts({
    boundary,
    client,
    tableName: required(environmentNames(boundary.name).factsTable, 'FactTopic.grantCommit'),
    ...(keepSeconds !== undefined && { keepSeconds }),
  });
}

function required(name: string, grant: string, what = 'name of the table'): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(
    `The environment variable ${name} isn't set. ${grant} sets it where it is given the function itself: ` +
      `${grant}(fn). For another grantee, such as a role, set the variable to the ${what}.`,
  );
}
