import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cloudWatchClient, dynamoDbClient, sqsClient } from 'freshet-aws/internal/adapters/aws/clients';
import {
  type DeployedCache,
  type DeployedFactQueue,
  type DeployedOwner,
  readDeployed,
  readDeployedOfFacts,
} from 'freshet-aws/internal/adapters/aws/stack-output';
import { createOwner, type Owner } from 'freshet-aws/internal/adapters/own/owner-table';
import { createReader, type Reader } from 'freshet-aws/internal/adapters/read/cache-table';
import { type Boundary, boundaryOf, type ContractsModule, cachedType } from 'freshet-aws/internal/core/contract';
import { FreshetError, type FreshetErrorCode, quoted } from 'freshet-aws/internal/core/errors';
import type { OutgoingMessage } from 'freshet-aws/internal/core/relay/message';
import { createToldFlow } from './backpressure.ts';
import { type DirectMessage, sendToCache } from './clients/cache-queue.ts';
import { type CacheRecords, createCacheRecords } from './clients/cache-records.ts';
import { createRepairFunction, lambdaClient, type RepairFunction } from './clients/repair-function.ts';
import { type Aside, openAside } from './deployment/parked.ts';
import { type FoundLocalCloud, requireLocalCloud } from './local-file.ts';
import type { Watched, WatchedCache, WatchedOwner } from './watched.ts';

/** An owner boundary that is deployed, open for writing. */
export interface OwnerSession {
  readonly boundary: Boundary;
  readonly deployed: DeployedOwner;
  readonly owner: Owner;
  readonly aside: Aside;
}

/** A cache that is deployed, open for reading and repair. */
export interface CacheSession {
  readonly boundary: Boundary;
  readonly deployed: DeployedCache;
  readonly reader: Reader;
  readonly records: CacheRecords;
  readonly aside: Aside;
  readonly repair: RepairFunction;
  /** Sends messages into the cache's queue; see `sendToCache`. */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
}

/** A queue of facts that is deployed, open for repair. */
export interface FactQueueSession {
  readonly deployed: DeployedFactQueue;
  readonly aside: Aside;
  /** Sends messages into the queue; see `sendToCache`. */
  send(messages: readonly DirectMessage[]): Promise<void>;
}

/** Everything that is deployed, by name. */
export interface Session {
  readonly owners: readonly OwnerSession[];
  readonly caches: readonly CacheSession[];
  readonly factQueues: readonly FactQueueSession[];
  /** Base URL of the local cloud's SNS, SQS, Lambda and CloudWatch. */
  readonly url: string;
  /** The same, to be looked at. */
  readonly watched: Watched;
  close(): void;
}

/** Told, in a line for a person, what a write waits for. */
export type OnWait = (line: string) => void;

/**
 * Connects to the local cloud that runs for the current folder. Throws a `UsageError` if none runs.
 *
 * @param onWait default: standard error, if it is a terminal
 */
export async function connect(onWait = waitsOnTerminal()): Promise<Session> {
  return connectTo(await requireLocalCloud(), onWait);
}

function waitsOnTerminal(): OnWait | undefined {
  return process.stderr.isTTY ? (line) => void process.stderr.write(`${line}\n`) : undefined;
}

/** Connects to a local cloud: loads each boundary's contracts and opens its tables. Its owners' puts and deletes obey flow control. */
export async function connectTo({ file, projectFolder }: FoundLocalCloud, onWait?: OnWait): Promise<Session> {
  setLocalCredentials();
  const client = dynamoDbClient({ endpoint: file.dynamodbUrl });
  const queues = sqsClient({ endpoint: file.url });
  const functions = lambdaClient({ endpoint: file.url });
  const metrics = cloudWatchClient({ endpoint: file.url });
  const owners: OwnerSession[] = [];
  const caches: CacheSession[] = [];
  const watchedOwners: WatchedOwner[] = [];
  const watchedCaches: WatchedCache[] = [];
  for (const output of file.deployed) {
    const deployed = readDeployed(output);
    if (deployed === undefined) continue;
    const file = pathToFileURL(resolve(projectFolder, deployed.contracts)).href;
    const boundary = boundaryOf((await import(file)) as ContractsModule);
    const table = { boundary, tableName: deployed.table, client };
    const aside = openAside(client, deployed.parkingTable);
    if (deployed.role === 'owner') {
      const flow = createToldFlow({ client, tableName: deployed.flowTable }, onWait);
      owners.push({ boundary, deployed, aside, owner: createOwner({ ...table, flow }) });
      watchedOwners.push({ name: boundary.name, deployed });
    } else {
      const repair = createRepairFunction({ client: functions, functionName: deployed.repair });
      const send = (messages: readonly OutgoingMessage[]) => sendToCache(queues, deployed.queueUrl, messages);
      const read = { reader: createReader(table), records: createCacheRecords(table) };
      caches.push({ boundary, deployed, aside, repair, send, ...read });
      watchedCaches.push({ name: boundary.name, deployed, types: Object.keys(boundary.caches) });
    }
  }
  const factQueues = file.deployed.flatMap((output): FactQueueSession[] => {
    const deployed = readDeployedOfFacts(output);
    if (deployed?.role !== 'fact-queue') return [];
    const { queueUrl, parkingTable } = deployed;
    return [{ deployed, aside: openAside(client, parkingTable), send: (all) => sendToCache(queues, queueUrl, all) }];
  });
  const clients = { tables: client, queues, metrics, functions };
  const close = () => {
    for (const each of Object.values(clients)) each.destroy();
  };
  const watched = {
    ...{ owners: watchedOwners, caches: watchedCaches, clients, close },
    ...{ place: `the local cloud at ${file.url}`, isLocal: true },
  };
  return { owners, caches, factQueues, url: file.url, watched, close };
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
  return named(session.caches, name, 'cache', 'UnknownCache');
}

/** An owner by its name. Throws a `FreshetError` that lists the owners. */
export function ownerNamed(session: Session, name: string): OwnerSession {
  return named(session.owners, name, 'owner', 'UnknownOwner');
}

function named<T extends { readonly boundary: Boundary }>(
  all: readonly T[],
  name: string,
  field: string,
  code: FreshetErrorCode,
): T {
  const found = all.find(({ boundary }) => boundary.name === name);
  if (found !== undefined) return found;
  const names = all.map(({ boundary }) => boundary.name);
  throw new FreshetError(`${field}: there is none named ${quoted(name)}. Known: ${names.join(', ') || 'none'}.`, {
    code,
    field,
  });
}

/** The types that a command works on: the one that is given, else all that the cache keeps. Each has its owner here. Throws `UnknownEntityType`. */
export function keptTypes(session: Session, { boundary }: CacheSession, only: string | undefined): readonly string[] {
  if (only !== undefined) cachedType(boundary, only);
  const types = only === undefined ? Object.keys(boundary.caches) : [only];
  for (const type of types) ownerOf(session, type);
  return types;
}
