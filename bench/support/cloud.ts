import type { LocalFile } from '../../cli/local-file.ts';
import { connectTo, type Session } from '../../cli/session.ts';
import { BOUNDARY_DIMENSION, PROJECTOR_METRICS } from '../../core/metrics.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { ROOT } from './assembly.ts';

/** A local cloud that is watched. */
export interface WatchedCloud {
  readonly cloud: LocalCloud;
  readonly session: Session;
  /** What a command of another process needs to find the cloud. */
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

/** Starts what the assembly declares, and watches it. */
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
  const deployed = Object.values(cloud.outputs).flatMap((outputs) => Object.values(outputs));
  const { dynamodb, sqs } = cloud.endpoints;
  const localFile = {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    url: sqs,
    dynamodbUrl: dynamodb,
    deployed,
  };
  const session = await connectTo({ file: localFile, projectFolder: ROOT });
  return {
    cloud,
    localFile,
    session,
    leadTimesMs,
    published,
    invocations: () => new Map([...counts()].map(([name, count]) => [name, count - (before.get(name) ?? 0)])),
    clear() {
      leadTimesMs.clear();
      Object.assign(published, { calls: 0, entries: 0 });
      before = counts();
    },
    async stop() {
      session.close();
      await cloud.stop();
    },
  };
}

function recordLeadTimes(line: string, leadTimesMs: Map<string, number[]>): void {
  if (!line.includes(PROJECTOR_METRICS.leadTime)) return;
  const record = JSON.parse(line) as Record<string, unknown>;
  const cache = String(record[BOUNDARY_DIMENSION]);
  const values = [record[PROJECTOR_METRICS.leadTime]].flat().map(Number);
  const all = leadTimesMs.get(cache);
  if (all === undefined) leadTimesMs.set(cache, values);
  else all.push(...values);
}

/** Nearest-rank percentile over all caches. */
export function leadTime({ leadTimesMs }: WatchedCloud, percent: number): number {
  const sorted = [...leadTimesMs.values()].flat().sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
