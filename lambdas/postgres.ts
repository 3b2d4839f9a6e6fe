import type { DatabaseSettings } from '../adapters/postgres/connection.ts';
import { required } from './environment.ts';

/** The database of the owner, as the construct sets it. */
export function databaseSettings(): DatabaseSettings {
  return {
    host: required('DATABASE_HOST'),
    port: Number(required('DATABASE_PORT')),
    database: required('DATABASE_NAME'),
    user: required('DATABASE_USER'),
    auth: required('DATABASE_AUTH') === 'none' ? 'none' : 'iam',
  };
}
