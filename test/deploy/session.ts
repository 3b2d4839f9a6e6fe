import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readDeployed } from '../../adapters/aws/stack-output.ts';
import { createFlow } from '../../adapters/govern/flow.ts';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { sendToCache } from '../../cli/clients/cache-queue.ts';
import { createCacheRecords } from '../../cli/clients/cache-records.ts';
import { createRepairFunction } from '../../cli/clients/repair-function.ts';
import { stackOutputs } from '../../cli/clients/stack-outputs.ts';
import { openAside } from '../../cli/deployment/parked.ts';
import type { CacheSession, OwnerSession, Session } from '../../cli/session.ts';
import type { Boundary } from '../../core/contract.ts';
import type { Clients } from './clients.ts';

/** Opens what stacks say in their outputs that they deployed, as the command line opens the local cloud. */
export async function openDeployed(clients: Clients, stacks: readonly string[]): Promise<Session> {
  const { dynamoDb: client, sqs, lambda } = clients;
  const owners: OwnerSession[] = [];
  const caches: CacheSession[] = [];
  const outputs = await Promise.all(stacks.map((stack) => stackOutputs(clients.cloudFormation, stack)));
  for (const output of outputs.flat()) {
    const deployed = readDeployed(output);
    if (deployed === undefined) continue;
    const module: { default: Boundary } = await import(pathToFileURL(resolve(deployed.contracts)).href);
    const boundary = module.default;
    const table = { boundary, tableName: deployed.table, client };
    const aside = openAside(client, deployed.parkingTable);
    if (deployed.role === 'owner') {
      const flow = createFlow({ client, tableName: deployed.flowTable });
      owners.push({ boundary, deployed, aside, owner: createOwner({ ...table, flow }) });
    } else {
      caches.push({
        ...{ boundary, deployed, aside },
        reader: createReader(table),
        records: createCacheRecords(table),
        repair: createRepairFunction({ client: lambda, functionName: deployed.repair }),
        send: (messages) => sendToCache(sqs, deployed.queueUrl, messages),
      });
    }
  }
  const close = () => undefined;
  const watched = {
    owners: owners.map(({ boundary: { name }, deployed }) => ({ name, deployed })),
    caches: caches.map(({ boundary: { name, caches: kept }, deployed }) => ({
      name,
      deployed,
      types: Object.keys(kept),
    })),
    clients: { tables: client, queues: sqs, metrics: clients.cloudWatch, functions: lambda },
    ...{ place: 'the deployed stacks', isLocal: false, close },
  };
  return { owners, caches, factQueues: [], url: process.env.AWS_ENDPOINT_URL ?? '', watched, close };
}
