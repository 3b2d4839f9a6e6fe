import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient } from 'freshet-aws/internal/adapters/aws/clients';
import {
  type Deployed,
  type DeployedCache,
  type DeployedOwner,
  readDeployed,
} from 'freshet-aws/internal/adapters/aws/stack-output';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { FreshetError, quoted } from 'freshet-aws/internal/core/errors';
import type { LocalCloud } from './cloud.ts';
import { LOCAL_CREDENTIALS } from './identity.ts';

/** The part of a local cloud that lists what runs in it. */
type Running = Pick<LocalCloud, 'outputs'>;

/**
 * Finds a boundary's owner in a local cloud.
 * @returns the names of its tables, topics and functions, such as `ownerIn(cloud, geography).table`
 * @throws FreshetError `UnknownOwner` that lists the owners in the cloud
 */
export function ownerIn(cloud: Running, { name }: Boundary): DeployedOwner {
  const owners = deployed(cloud).filter((one) => one.role === 'owner');
  return named(owners, name, 'owner', 'UnknownOwner');
}

/**
 * Finds a boundary's cache in a local cloud.
 * @returns the names of its tables, queues and functions, such as `cacheIn(cloud, ordering).table`
 * @throws FreshetError `UnknownCache` that lists the caches in the cloud
 */
export function cacheIn(cloud: Running, { name }: Boundary): DeployedCache {
  const caches = deployed(cloud).filter((one) => one.role === 'cache');
  return named(caches, name, 'cache', 'UnknownCache');
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

function named<T extends Deployed>(
  all: readonly T[],
  name: string,
  field: 'owner' | 'cache',
  code: 'UnknownOwner' | 'UnknownCache',
): T {
  const found = all.find(({ boundary }) => boundary === name);
  if (found !== undefined) return found;
  const names = all.map(({ boundary }) => boundary).join(', ') || 'none';
  throw new FreshetError(`${field}: none of boundary ${quoted(name)} runs in this local cloud. Running: ${names}.`, {
    code,
    field,
  });
}
