import { dynamoDbClient } from '../../adapters/aws/clients.ts';
import type { Owner } from '../../adapters/own/owner.ts';
import { createOwner } from '../../adapters/own/owner-table.ts';
import type { Deployment } from '../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../cli/deployment/local-cloud.ts';
import { type LocalFile, localFileOf } from '../../cli/deployment/local-file.ts';
import { ownerTable } from '../../cli/deployment/names.ts';
import { EMITTER_DIMENSION, PROJECTOR_METRICS } from '../../core/metrics.ts';
import geography from '../../examples/shop/geography/contracts.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { ROOT } from './assembly.ts';

/** A local cloud whose lead times, publishes and invocations are recorded. */
export interface WatchedCloud {
  readonly cloud: LocalCloud;
  readonly deployment: Deployment;
  /** The owner of countries, as its service opens it. It never waits for a cache that lags. */
  readonly owner: Owner;
  /** The content of the file by which a command in another process finds the cloud. */
  readonly localFile: LocalFile;
  /** Lead times that the projectors reported since `clear`, by cache. */
  readonly leadTimesMs: Map<string, number[]>;
  /** PublishBatch calls and their entries since `clear`. */
  readonly published: { calls: number; entries: number };
  /** Invocations since `clear`, by the function's name. */
  invocations(): Map<string, number>;
  clear(): void;
  stop(): Promise<void>;
}

/** Starts the local cloud of an assembly and records its activity. */
export async function watchedCloud(assembly: string): Promise<WatchedCloud> {
  const leadTimesMs = new Map<string, number[]>();
  const cloud = await startLocalCloud({ assembly, iam: 'off', onLog: (_, line) => recordLeadTimes(line, leadTimesMs) });
  const published = { calls: 0, entries: 0 };
  for (const topic of cloud.messaging.topics.list()) {
    const publishBatch = topic.publishBatch.bind(topic);
    topic.publishBatch = (entries) => {
      published.calls += 1;
      published.entries += entries.length;
      return publishBatch(entries);
    };
  }
  const counts = () => new Map(cloud.functions.functions().map(({ name, invocations }) => [name, invocations]));
  let before = counts();
  const localFile = localFileOf(cloud);
  const deployment = openLocalCloud({ file: localFile, projectFolder: ROOT });
  const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
  const tableName = ownerTable(await deployment.ownerOf('Country'));
  return {
    cloud,
    localFile,
    deployment,
    owner: createOwner({ boundary: geography, tableName, client }),
    leadTimesMs,
    published,
    invocations: () => new Map([...counts()].map(([name, count]) => [name, count - (before.get(name) ?? 0)])),
    clear() {
      leadTimesMs.clear();
      Object.assign(published, { calls: 0, entries: 0 });
      before = counts();
    },
    async stop() {
      client.destroy();
      deployment.close();
      await cloud.stop();
    },
  };
}

function recordLeadTimes(line: string, leadTimesMs: Map<string, number[]>): void {
  if (!line.includes(PROJECTOR_METRICS.leadTime)) return;
  const record = JSON.parse(line) as Record<string, unknown>;
  const cache = String(record[EMITTER_DIMENSION]);
  const values = [record[PROJECTOR_METRICS.leadTime]].flat().map(Number);
  const all = leadTimesMs.get(cache);
  if (all === undefined) leadTimesMs.set(cache, values);
  else all.push(...values);
}

/** A percentile of the lead times of all caches, by nearest rank. */
export function leadTime({ leadTimesMs }: WatchedCloud, percent: number): number {
  const sorted = [...leadTimesMs.values()].flat().sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
