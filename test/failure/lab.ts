import { inject, vi } from 'vitest';
import { dynamoDbClient } from '../../adapters/aws/clients.ts';
import { createAsideReader } from '../../adapters/repair/parked-events.ts';
import { type CacheSession, cacheNamed, connectTo, ownerOf, type Session } from '../../cli/session.ts';
import type { SetAside } from '../../core/project/ports.ts';
import type { OperationResult } from '../../core/repair/operate.ts';
import type { Operation } from '../../core/repair/operation.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../../local/cloud.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { synthesiseOnce } from '../support/synthesise.ts';

const SYNTHESIS_MS = 120_000;

/** The failure tests' app, running from its templates and bundles. */
export interface Lab {
  readonly cloud: LocalCloud;
  readonly session: Session;
  readonly owner: ReturnType<typeof ownerOf>['owner'];
  readonly topicArn: string;
  cache(name: CacheName): CacheSession;
  queue(name: CacheName): Queue;
  /** Everything that is set aside of a cache, in the order of its messages. */
  aside(name: CacheName): Promise<SetAside[]>;
  /** DynamoDB as functions find it. */
  readonly dynamoDbForFunctions: string;
  /** Has a cache's repair function do something. */
  repair(name: CacheName, operation: Operation): Promise<OperationResult>;
  close(): Promise<void>;
}

export type CacheName = 'parking' | 'stopping' | 'discarding';

/** Folder of the assembly. */
export function labAssembly(): Promise<string> {
  const waitUntil = (condition: () => boolean) => vi.waitUntil(condition, { timeout: SYNTHESIS_MS, interval: 100 });
  return synthesiseOnce('test/failure/app.ts', inject('furtherAssemblies'), waitUntil);
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
  const file = {
    ...{ pid: process.pid, startedAt: '', url: cloud.endpoints.sqs, dynamodbUrl: cloud.endpoints.dynamodb },
    deployed: Object.values(cloud.outputs).flatMap((outputs) => Object.values(outputs)),
  };
  const session = await connectTo({ file, projectFolder: process.cwd() });
  const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
  const { owner, deployed } = ownerOf(session, 'Item');
  const cache = (name: CacheName) => cacheNamed(session, name);

  return {
    ...{ cloud, session, owner, cache, dynamoDbForFunctions },
    topicArn: deployed.topicArn,
    queue: (name) => cloud.messaging.queues.require(cache(name).deployed.queueUrl),
    async aside(name) {
      const reader = createAsideReader({ client, parkingTable: cache(name).deployed.parkingTable });
      const all: SetAside[] = [];
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
      session.close();
      await cloud.stop();
    },
  };
}
