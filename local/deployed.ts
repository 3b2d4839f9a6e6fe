import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient } from 'freshet-aws/internal/adapters/aws/clients';
import {
  type Deployed,
  type DeployedCache,
  type DeployedFacts,
  type DeployedOfFacts,
  type DeployedOwner,
  type DeployedSaga,
  readDeployed,
  readDeployedOfFacts,
} from 'freshet-aws/internal/adapters/aws/stack-output';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { FreshetError, type FreshetErrorCode, quoted } from 'freshet-aws/internal/core/errors';
import type { Saga } from 'freshet-aws/internal/core/saga/define';
import type { LocalCloud } from './cloud.ts';
import { LOCAL_CREDENTIALS } from './identity.ts';

/** The part of a local cloud that names the deployed owners, caches, facts and sagas. */
type Running = Pick<LocalCloud, 'outputs'>;

type Named = Pick<Boundary, 'name'>;

/**
 * Finds a boundary's owner in a local cloud.
 * @returns the names of its tables, topics and functions, such as `ownerIn(cloud, geography).table`
 * @throws FreshetError `UnknownOwner` that lists the owners in the cloud
 */
export function ownerIn(cloud: Running, { name }: Named): DeployedOwner {
  const owners = deployed(cloud).filter((one) => one.role === 'owner');
  return named(owners, 'boundary', name, { field: 'owner', code: 'UnknownOwner' });
}

/**
 * Finds a boundary's cache in a local cloud.
 * @returns the names of its tables, queues and functions, such as `cacheIn(cloud, ordering).table`
 * @throws FreshetError `UnknownCache` that lists the caches in the cloud
 */
export function cacheIn(cloud: Running, { name }: Named): DeployedCache {
  const caches = deployed(cloud).filter((one) => one.role === 'cache');
  return named(caches, 'boundary', name, { field: 'cache', code: 'UnknownCache' });
}

/**
 * Finds the facts that a boundary publishes in a local cloud.
 * @returns the names of their table, topic and function, such as `factsIn(cloud, ordering).table` for `createFacts`
 * @throws FreshetError `UnknownFact` that lists the boundaries that publish facts in the cloud
 */
export function factsIn(cloud: Running, { name }: Named): DeployedFacts {
  const facts = deployedOfFacts(cloud).filter((one) => one.role === 'facts');
  return named(facts, 'boundary', name, { field: 'facts', code: 'UnknownFact' });
}

/**
 * Finds a saga in a local cloud.
 * @returns the names of its table and functions, such as `sagaIn(cloud, shipping).table` for `createSagaReader`
 * @throws FreshetError `InvalidSaga` that lists the sagas in the cloud
 */
export function sagaIn(cloud: Running, { name }: Pick<Saga, 'name'>): DeployedSaga {
  const sagas = deployedOfFacts(cloud).filter((one) => one.role === 'saga');
  return named(sagas, 'name', name, { field: 'saga', code: 'InvalidSaga' });
}

/**
 * Creates a DynamoDB client for a local cloud's tables. It has fixed credentials, so no AWS profile is needed. Call
 * `destroy` at the end.
 */
export function cloudClient({ endpoints, region }: Pick<LocalCloud, 'endpoints' | 'region'>): DynamoDBClient {
  return dynamoDbClient({ endpoint: endpoints.dynamodb, region, credentials: LOCAL_CREDENTIALS });
}

function deployed({ outputs }: Running): Deployed[] {
  return Object.values(outputs).flatMap((values) =>
    Object.values(values).flatMap((value) => readDeployed(value) ?? []),
  );
}

function deployedOfFacts({ outputs }: Running): DeployedOfFacts[] {
  return Object.values(outputs).flatMap((values) =>
    Object.values(values).flatMap((value) => readDeployedOfFacts(value) ?? []),
  );
}

/** Returns the construct whose boundary (or, for a saga, whose own name) is `name`. */
function named<By extends 'boundary' | 'name', T extends Readonly<Record<By, string>>>(
  all: readonly T[],
  by: By,
  name: string,
  { field, code }: { readonly field: string; readonly code: FreshetErrorCode },
): T {
  const found = all.find((one) => one[by] === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one[by]).join(', ') || 'none';
  const problem = by === 'boundary' ? `boundary ${quoted(name)} has none` : `there is no saga ${quoted(name)}`;
  throw new FreshetError(`${field}: ${problem} in this local cloud. Running: ${names}.`, { code, field });
}
