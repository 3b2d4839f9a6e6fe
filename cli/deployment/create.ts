import {
  type DeployedCache,
  type DeployedFactQueue,
  type DeployedOwner,
  readDeployed,
  readDeployedOfFacts,
} from 'freshet-aws/internal/adapters/aws/stack-output';
import { createOwnerRecords } from 'freshet-aws/internal/adapters/own/owner-records';
import { createOwner } from 'freshet-aws/internal/adapters/own/owner-table';
import { createReader } from 'freshet-aws/internal/adapters/read/cache-table';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { createCacheRecords } from '../clients/cache-records.ts';
import { readOutcomeCounts } from '../clients/counts.ts';
import { sendToQueue } from '../clients/queue.ts';
import { createRepairFunction } from '../clients/repair-function.ts';
import { createSelfRepairNotes } from '../clients/self-repair.ts';
import { openSurveys } from '../clients/surveys.ts';
import { UsageError } from '../errors.ts';
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
  const owners = ofEntities.flatMap((one) => (one.role === 'owner' ? [foundOwner(source, one)] : []));
  const caches = ofEntities.flatMap((one) => (one.role === 'cache' ? [foundCache(source, one)] : []));
  return {
    owners,
    caches,
    factQueues: ofFacts.flatMap((one) => (one.role === 'fact-queue' ? [factQueue(source, one)] : [])),
    factTopics: ofFacts.filter((one) => one.role === 'facts'),
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

function foundOwner(source: DeploymentSource, deployed: DeployedOwner & WithContracts): FoundOwner {
  const client = source.clients.tables;
  const open = once(async (): Promise<OpenOwner> => {
    const boundary = await requireContracts(source, deployed);
    const flow = createToldFlow({ client, tableName: deployed.flowTable }, source.onWait);
    return { ...found, boundary, owner: createOwner({ boundary, tableName: deployed.table, client, flow }) };
  });
  const found: FoundOwner = {
    name: deployed.boundary,
    deployed,
    parked: openParkedEvents(client, deployed.parkingTable),
    records: createOwnerRecords({ client, tableName: deployed.table }),
    surveys: openSurveys(source.clients, deployed),
    open,
  };
  return found;
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
