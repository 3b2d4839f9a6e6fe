import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createReader, type Reader } from '../adapters/cache-table.ts';
import { dynamoDbClient } from '../adapters/clients.ts';
import { createOwner, type Owner } from '../adapters/owner-table.ts';
import type { Boundary } from '../core/contract.ts';
import { type DeployedCache, type DeployedOwner, readDeployed } from '../core/deployed.ts';
import { FreshetError, quoted } from '../core/errors.ts';
import { type FoundLocalCloud, requireLocalCloud } from './local-file.ts';

/** An owner boundary that is deployed, open for writing. */
export interface OwnerSession {
  readonly boundary: Boundary;
  readonly deployed: DeployedOwner;
  readonly owner: Owner;
}

/** A cache that is deployed, open for reading. */
export interface CacheSession {
  readonly boundary: Boundary;
  readonly deployed: DeployedCache;
  readonly reader: Reader;
}

/** Everything that is deployed, by name. */
export interface Session {
  readonly owners: readonly OwnerSession[];
  readonly caches: readonly CacheSession[];
  /** Base URL of the local cloud's SNS, SQS and control routes. */
  readonly url: string;
  close(): void;
}

/** Connects to the local cloud that runs for the current folder. Throws a `UsageError` if none runs. */
export async function connect(): Promise<Session> {
  return connectTo(await requireLocalCloud());
}

/** Connects to a local cloud: loads each boundary's contracts and opens its tables. */
export async function connectTo({ file, projectFolder }: FoundLocalCloud): Promise<Session> {
  setLocalCredentials();
  const client = dynamoDbClient({ endpoint: file.dynamodbUrl });
  const owners: OwnerSession[] = [];
  const caches: CacheSession[] = [];
  for (const output of file.deployed) {
    const deployed = readDeployed(output);
    if (deployed === undefined) continue;
    const module = (await import(pathToFileURL(resolve(projectFolder, deployed.contracts)).href)) as {
      default: Boundary;
    };
    const boundary = module.default;
    const table = { boundary, tableName: deployed.table, client };
    if (deployed.role === 'owner') owners.push({ boundary, deployed, owner: createOwner(table) });
    else caches.push({ boundary, deployed, reader: createReader(table) });
  }
  return { owners, caches, url: file.url, close: () => client.destroy() };
}

/** The local cloud asks for no real credentials, but the SDK does: fixed ones keep it from looking for a profile or a role. */
export function setLocalCredentials(): void {
  process.env.AWS_REGION = 'us-east-1';
  process.env.AWS_ACCESS_KEY_ID = 'local';
  process.env.AWS_SECRET_ACCESS_KEY = 'local';
  delete process.env.AWS_SESSION_TOKEN;
  delete process.env.AWS_PROFILE;
}

/** The owner of a type. Throws `UnknownEntityType` that says who owns what. */
export function ownerOf(session: Session, type: string): OwnerSession {
  const found = session.owners.find(({ boundary }) => Object.hasOwn(boundary.owns, type));
  if (found !== undefined) return found;
  const elsewhere = session.caches.flatMap(({ boundary }) =>
    Object.hasOwn(boundary.caches, type) ? (boundary.caches[type]?.contract.owner ?? []) : [],
  );
  const owned = session.owners.map(({ boundary }) => `${boundary.name} owns ${Object.keys(boundary.owns).join(', ')}`);
  throw new FreshetError(
    elsewhere.length > 0
      ? `type: ${type} is owned by ${elsewhere[0]}, which isn't deployed here; only its owner can put it. Here ${owned.join('; ') || 'nothing is owned'}.`
      : `type: nobody here owns ${quoted(type)}. Known: ${owned.join('; ') || 'none'}.`,
    { code: 'UnknownEntityType', field: 'type' },
  );
}

/** A cache by its name. Throws a `FreshetError` that lists the caches. */
export function cacheNamed(session: Session, name: string): CacheSession {
  const found = session.caches.find(({ boundary }) => boundary.name === name);
  if (found !== undefined) return found;
  const names = session.caches.map(({ boundary }) => boundary.name);
  throw new FreshetError(`cache: there is none named ${quoted(name)}. Known: ${names.join(', ') || 'none'}.`, {
    code: 'UnknownCache',
    field: 'cache',
  });
}
