import { environmentNames } from '../../core/environment.ts';
import { dynamoDbClient } from '../aws/clients.ts';
import { createFlow } from '../govern/flow.ts';
import { createPostgresOwner, type PostgresBoundary, type PostgresOwner } from './owner.ts';
import { createRelayWake, type RelayWake } from './wake.ts';

/**
 * Opens an owner in PostgreSQL in a Lambda function that `PostgresOwner.grantWrite` gave access to, with the owner's
 * flow control. Call it once, outside the handler.
 *
 * @param options.schema the schema of the owner's tables; default `freshet`
 * @throws Error if the environment variable `FRESHET_FLOW_<BOUNDARY>` isn't set
 */
export function postgresOwnerFromEnvironment<B extends PostgresBoundary>(options: {
  readonly boundary: B;
  readonly schema?: string;
}): PostgresOwner<B> {
  const tableName = required(environmentNames(options.boundary.name).flowTable, 'name of the table');
  return createPostgresOwner({ ...options, flow: createFlow({ client: dynamoDbClient(), tableName }) });
}

/**
 * Creates the function that wakes the owner's relay after a commit, see `createRelayWake`.
 *
 * @throws Error if the environment variable `FRESHET_RELAY_<BOUNDARY>` isn't set
 */
export function relayWakeFromEnvironment(options: { readonly boundary: Pick<PostgresBoundary, 'name'> }): RelayWake {
  return createRelayWake({ functionName: required(environmentNames(options.boundary.name).relay, 'function') });
}

function required(name: string, what: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(
    `The environment variable ${name} isn't set. PostgresOwner.grantWrite sets it where it is given the function ` +
      `itself. For another grantee, such as a role, set the variable to the ${what}.`,
  );
}
