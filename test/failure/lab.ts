import { dynamoDbClient } from '../../adapters/aws/clients.ts';
import { createParkedReader } from '../../adapters/repair/parked-events.ts';
import type { Deployment, OpenCache, OpenOwner } from '../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../cli/deployment/local-cloud.ts';
import { localFileOf } from '../../cli/deployment/local-file.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import type { OperationResult } from '../../core/repair/operate.ts';
import type { Operation } from '../../core/repair/operation.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../../local/cloud.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { assemblyOf } from '../support/assembly.ts';
import { setTestCredentials } from '../support/credentials.ts';

/** The failure tests' app, run from its templates and bundles. */
export interface Lab {
  readonly cloud: LocalCloud;
  readonly deployment: Deployment;
  readonly itemOwner: OpenOwner;
  readonly owner: OpenOwner['owner'];
  readonly topicArn: string;
  cache(name: CacheName): OpenCache;
  queue(name: CacheName): Queue;
  /** All parked and held events of a cache, in the order of their sequence numbers. */
  parked(name: CacheName): Promise<ParkedEvent[]>;
  /** The endpoint of DynamoDB for functions. */
  readonly dynamoDbForFunctions: string;
  /** Sends a request to a cache's repair function. */
  repair(name: CacheName, operation: Operation): Promise<OperationResult>;
  close(): Promise<void>;
}

export type CacheName = 'parking' | 'stopping' | 'discarding';

/** Synthesises the app once. Returns the folder of the assembly. */
export function labAssembly(): Promise<string> {
  return assemblyOf('test/failure/app.ts');
}

export async function startLab(options: LocalCloudOptions): Promise<Lab> {
  let dynamoDbForFunctions = '';
  const cloud = await startLocalCloud({
    ...options,
    functionEndpoints(services) {
      dynamoDbForFunctions = services.dynamodb;
      return options.functionEndpoints?.(services) ?? services;
    },
  });
  setTestCredentials();
  const deployment = openLocalCloud({ file: localFileOf(cloud), projectFolder: process.cwd() });
  const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
  const itemOwner = await deployment.ownerOf('Item');
  const caches = await Promise.all(deployment.caches.map((found) => found.open()));
  const cache = (name: CacheName) => {
    const found = caches.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no cache ${name}`);
    return found;
  };

  return {
    cloud,
    deployment,
    itemOwner,
    owner: itemOwner.owner,
    cache,
    dynamoDbForFunctions,
    topicArn: itemOwner.deployed.topicArn,
    queue: (name) => cloud.messaging.queues.require(cache(name).deployed.queueUrl),
    async parked(name) {
      const reader = createParkedReader({ client, parkingTable: cache(name).deployed.parkingTable });
      const all: ParkedEvent[] = [];
      let cursor: string | undefined;
      do {
        const page = await reader.list({ cursor });
        all.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== undefined);
      return all.sort((a, b) => (a.message.sequenceNumber < b.message.sequenceNumber ? -1 : 1));
    },
    async repair(name, operation) {
      const result = await cloud.functions.invoke(cache(name).deployed.repair, operation);
      if (!result.ok) throw new Error(`${result.error}: ${result.message}`);
      return result.payload as OperationResult;
    },
    async close() {
      client.destroy();
      deployment.close();
      await cloud.stop();
    },
  };
}
