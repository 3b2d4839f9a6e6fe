/**
 * `freshet-aws/postgres`: an owner whose entities are in PostgreSQL. It loads no client of PostgreSQL: you pass yours.
 *
 * @module freshet-aws/postgres
 */

export { postgresOwnerFromEnvironment, relayWakeFromEnvironment } from '../adapters/postgres/from-environment.ts';
export {
  createPostgresOwner,
  type PostgresBoundary,
  type PostgresCommitOptions,
  type PostgresOwner,
  type PostgresOwnerOptions,
} from '../adapters/postgres/owner.ts';
export { postgresMigration } from '../adapters/postgres/schema.ts';
export { clientOfTemplates, type SqlClient, type SqlValue } from '../adapters/postgres/sql-client.ts';
export { createRelayWake, type RelayWake } from '../adapters/postgres/wake.ts';
