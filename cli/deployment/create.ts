import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type DeployedCache,
  type DeployedFactQueue,
  type DeployedOwner,
  type DeployedPostgresOwner,
  readDeployed,
  readDeployedOfFacts,
} from 'freshet-aws/internal/adapters/aws/stack-output';
import type { Flow } from 'freshet-aws/internal/adapters/govern/flow';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import { createOwnerRecords, type OwnerRecords } from 'freshet-aws/internal/adapters/own/owner-records';
import { createOwner } from 'freshet-aws/internal/adapters/own/owner-table';
import { createReader } from 'freshet-aws/internal/adapters/read/cache-table';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { createCacheRecords } from '../clients/cache-records.ts';
import { readOutcomeCounts } from '../clients/counts.ts';
import { createOwnerFunction, createOwnerOfFunction } from '../clients/owner-function.ts';
import { sendToQueue } from '../clients/queue.ts';
import { createRepairFunction } from '../clients/repair-function.ts';
import { createSelfRepairNotes } from '../clients/self-repair.ts';
import { openSurveys } from '../clients/surveys.ts';
import { UsageError } from '../errors.ts';
import type { Clients } from './clients.ts';
import type { Contracts } from './contracts.ts';
import type { Deployment, FactQueue, FoundCache, FoundOwner, OpenCache, OpenOwner } from './deployment.ts';
import { cachesOf, findCache, findOwner, holderOf, ownerOf } from './names.ts';
import { openParkedEvents } from './parked.ts';
import { createToldFlow, type OnWait } from './waits.ts';

/** What a deployment is made from. A local cloud and stacks on AWS differ only in these values. */
export interface DeploymentSource
  extends Pick<Deployment, 'place' | 'stacks' | 'isLocal' | 'clients' | 'functionNames'> {
  /** The outputs of the stacks. Outputs that Freshet's constructs didn't write are ignored. */
  readonly outputs: readonly string[];
  readonly contracts: Contracts;
  /** Called with a line that says what a write waits for. Default: no calls. */
  readonly onWait?: OnWait | undefined;
}

/** Creates the deployment that the outputs of stacks describe. */
export function createDeployment(source: DeploymentSource): Deployment {
  const { outputs, place, stacks, isLocal, clients, functionNames } = source;
  const ofEntities = outputs.flatMap((output) => readDeployed(output) ?? []);
  const ofFacts = outputs.flatMap((output) => readDeployedOfFacts(output) ?? []);
  const owners = ofEntities.flatMap((one) => (one.role === 'cache' ? [] : [foundOwner(source, one)]));
  const caches = ofEntities.flatMap((one) => (one.role === 'cache' ? [foundCache(source, one)] : []));
  return {
    owners,
    caches,
    factQueues: ofFacts.flatMap((one) => (one.role === 'fact-queue' ? [factQueue(source, one)] : [])),
    factTopics: ofFacts.filter((one) => one.role === 'facts' || one.role === 'postgres-facts'),
    sagas: ofFacts.filter((one) => one.role === 'saga'),
    effects: ofFacts.filter((one) => one.role === 'effects'),
    place,
    stacks,
    isLocal,
    clients,
    functionNames,
    ownerOf: (type) => ownerOf(owners, caches, type),
    findOwner: (name) => findOwner(owners, name),
    ownerNamed: async (name) => findOwner(owners, name).open(),
    holderOf: (entity) => holderOf(owners, entity),
    findCache: (name) => findCache(caches, name),
    cacheNamed: async (name) => findCache(caches, name).open(),
    cachesOf: (type) => cachesOf(caches, type),
    contractsOf: async ({ boundary, contracts = '' }) => requireContracts(source, { boundary, contracts }),
    close: () => clients.destroy(),
  };
}

/** The path of the contracts that a stack's output carries. */
interface WithContracts {
  readonly contracts: string;
}

function foundOwner(
  source: DeploymentSource,
  deployed: (DeployedOwner | DeployedPostgresOwner) & WithContracts,
): FoundOwner {
  const { clients } = source;
  const client = clients.tables;
  const { records, owner } = deployed.role === 'owner' ? inDynamoDb(client, deployed) : inPostgres(clients, deployed);
  const open = once(async (): Promise<OpenOwner> => {
    const boundary = await requireContracts(source, deployed);
    const flow = createToldFlow({ client, tableName: deployed.flowTable }, source.onWait);
    return { ...found, boundary, owner: owner(boundary, flow) };
  });
  const found: FoundOwner = {
    name: deployed.boundary,
    deployed,
    parked: openParkedEvents(client, deployed.parkingTable),
    records,
    surveys: deployed.role === 'owner' ? openSurveys(clients, deployed) : undefined,
    open,
  };
  return found;
}

/** Where the entities of an owner are. */
interface Entities {
  readonly records: OwnerRecords;
  owner(boundary: Boundary, flow: Flow): Owner;
}

function inDynamoDb(client: DynamoDBClient, { table: tableName }: DeployedOwner): Entities {
  return {
    records: createOwnerRecords({ client, tableName }),
    owner: (boundary, flow) => createOwner({ boundary, tableName, client, flow }),
  };
}

function inPostgres(clients: Clients, { boundary: name, repair }: DeployedPostgresOwner): Entities {
  const calls = createOwnerFunction({ client: () => clients.functions, functionName: repair, owner: name });
  return { records: calls, owner: (boundary) => createOwnerOfFunction(boundary, calls) };
}

function foundCache(source: DeploymentSource, deployed: DeployedCache & WithContracts): FoundCache {
  const { clients, contracts } = source;
  const name = deployed.boundary;
  const table = { client: clients.tables, tableName: deployed.table };
  const open = once(async (): Promise<OpenCache> => {
    const boundary = await requireContracts(source, deployed);
    return { ...found, boundary, reader: createReader({ ...table, boundary }) };
  });
  const found: FoundCache = {
    name,
    deployed,
    parked: openParkedEvents(clients.tables, deployed.parkingTable),
    records: createCacheRecords(table),
    repair: createRepairFunction({ client: () => clients.functions, functionName: deployed.repair, cache: name }),
    notes: createSelfRepairNotes(table),
    send: (messages) => sendToQueue(clients.queues, deployed.queueUrl, messages),
    outcomes: (sinceMs) => readOutcomeCounts(clients.metrics, { name, stack: deployed.stack }, sinceMs),
    async types() {
      // Contracts that can't be loaded are as good as none: a command that needs them says why.
      const boundary = await contracts.load(deployed.contracts, deployed.boundary).catch(() => undefined);
      return boundary && Object.keys(boundary.caches);
    },
    open,
  };
  return found;
}

function factQueue({ clients }: DeploymentSource, deployed: DeployedFactQueue): FactQueue {
  return {
    name: deployed.name,
    deployed,
    parked: openParkedEvents(clients.tables, deployed.parkingTable),
    send: (messages) => sendToQueue(clients.queues, deployed.queueUrl, messages),
  };
}

/** Opens only once, because an owner's flow control and a reader reuse what they have read. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}

async function requireContracts(
  { contracts }: DeploymentSource,
  deployed: WithContracts & { boundary: string },
): Promise<Boundary> {
  // The output of a topic of facts of an earlier version names no contracts.
  const isNamed = deployed.contracts !== '';
  const boundary = isNamed ? await contracts.load(deployed.contracts, deployed.boundary) : undefined;
  if (boundary !== undefined) return boundary;
  if (!isNamed)
    throw new UsageError(
      `the output of the facts of ${deployed.boundary} doesn't name its contracts. Deploy its stack again.`,
    );
  throw new UsageError(
    `the contracts of ${deployed.boundary} (${deployed.contracts}) aren't in ${contracts.folder}. Run the command ` +
      'in the folder of the CDK app.',
  );
}
