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

/** A local cloud, as far as it says what runs in it. */
type Running = Pick<LocalCloud, 'outputs'>;

/** The physical names of a boundary's owner in a local cloud: `ownerIn(cloud, geography).table`. Throws `UnknownOwner` that lists what is there. */
export function ownerIn(cloud: Running, { name }: Boundary): DeployedOwner {
  const owners = deployed(cloud).filter((one) => one.role === 'owner');
  return named(owners, name, 'owner', 'UnknownOwner');
}

/** The physical names of a boundary's cache in a local cloud: `cacheIn(cloud, ordering).table`. Throws `UnknownCache` that lists what is there. */
export function cacheIn(cloud: Running, { name }: Boundary): DeployedCache {
  const caches = deployed(cloud).filter((one) => one.role === 'cache');
  return named(caches, name, 'cache', 'UnknownCache');
}

/** A client for a local cloud's tables; `destroy` it at the end. It has a region and credentials of its own: no profile is looked for. */
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
