import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { environmentNames } from '../core/environment.ts';
import { dynamoDbClient } from './aws/clients.ts';
import { createFacts, type Facts, type PublishingBoundary } from './facts/outbox.ts';
import { createFlow } from './govern/flow.ts';
import type { Owner, OwningBoundary } from './own/owner.ts';
import { createOwner } from './own/owner-table.ts';
import { createReader } from './read/cache-table.ts';
import type { CachingBoundary, Reader } from './read/reader.ts';

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

function required(name: string, grant: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(
    `The environment variable ${name} isn't set. ${grant} sets it where it is given the function itself: ` +
      `${grant}(fn). For another grantee, such as a role, set the variable to the name of the table.`,
  );
}
