import pg from 'pg';
import { iamToken } from './iam-token.ts';

/** How one of Freshet's functions connects to the owner's database. */
export interface DatabaseSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** `iam`: a token of the function's role, over TLS. `none`: a database on this machine that trusts its users. */
  readonly auth: 'iam' | 'none';
}

/** A database that doesn't answer in this time fails the invocation; the next one tries again. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Longest time of one statement. */
const QUERY_TIMEOUT_MS = 15_000;

/**
 * Opens a connection for one invocation. A connection that an execution environment kept between invocations would
 * count against the database's limit while nothing uses it.
 */
export async function connectPostgres({ auth, ...settings }: DatabaseSettings): Promise<pg.Client> {
  const client = new pg.Client({
    ...settings,
    ...(auth === 'iam' && { ssl: true, password: () => tokenOfRole(settings) }),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection that ends between two statements fails the next one, which reports it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function tokenOfRole({ host, port, user }: Pick<DatabaseSettings, 'host' | 'port' | 'user'>): string {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN, AWS_REGION = '' } = process.env;
  const credentials = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
  return iamToken({ host, port, user, region: AWS_REGION, nowMs: Date.now() }, credentials);
}
