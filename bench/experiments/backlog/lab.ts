import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetInsightRuleReportCommand } from '@aws-sdk/client-cloudwatch';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { cloudWatchClient } from '../../../adapters/aws/cloudwatch-client.ts';
import {
  type Deployed,
  type DeployedCache,
  type DeployedOwner,
  readDeployed,
} from '../../../adapters/aws/stack-output.ts';
import { createFlow, FLOW_LIFETIME_MS } from '../../../adapters/govern/flow.ts';
import type { Owner } from '../../../adapters/own/owner.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import { createParkedReader } from '../../../adapters/repair/parked-events.ts';
import { BackpressureError } from '../../../core/govern/admit.ts';
import { FLOW_STATES, type FlowState } from '../../../core/govern/decide.ts';
import {
  dimensionsOf,
  GOVERNOR_METRICS,
  METRIC_NAMESPACE,
  PROJECTOR_METRICS,
  REPORT_METRICS,
} from '../../../core/metrics.ts';
import { hottestGroupsRule } from '../../../core/monitoring-names.ts';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { setBenchCredentials } from '../../support/account.ts';
import { ROOT } from '../../support/assembly.ts';
import { MINUTE_MS, WRITE_MS } from './scale.ts';
import shelf from './shelf.ts';
import { startTableProxy, type TableProxy } from './table-proxy.ts';
import workshop from './workshop.ts';

/** A sample of the pipeline's state. */
export interface Seen {
  /** Seconds since the run began. */
  readonly seconds: number;
  /** Writes accepted so far. */
  readonly committed: number;
  /** Events ended at the cache so far. */
  readonly settled: number;
  readonly flowState: FlowState;
  /** Drain time in the cache's last report: seconds, null for infinite; undefined before the first report. */
  readonly drainSeconds: number | null | undefined;
  /** Names of the alarms in the state ALARM. */
  readonly alarms: readonly string[];
}

/** A pipeline under load, and its samples. */
export interface BacklogLab {
  readonly cloud: LocalCloud;
  readonly proxy: TableProxy;
  readonly owner: Owner;
  readonly cache: DeployedCache;
  /** A sample for each `SAMPLE_MS`. */
  readonly seen: readonly Seen[];
  readonly writes: { accepted: number; refused: number; failed: number; longestWaitMs: number };
  /** Puts a change of a part. @param maxWaitMs how long to wait for admission */
  put(id: string, maxWaitMs: number): Promise<void>;
  /** The message group with the most events consumed in the last ten minutes. */
  hottestGroup(): Promise<string | undefined>;
  /** How many events are in the parking table. */
  parked(): Promise<number>;
  /** How many parts don't have the owner's version in the cache. */
  differing(): Promise<number>;
  /** Stops the pipeline and the sampling. */
  stop(): Promise<void>;
}

export const SAMPLE_MS = 250;

/** Starts a new pipeline for a run. @param consumers projectors that run at once */
export async function startBacklogLab(consumers: number, isGoverned: boolean): Promise<BacklogLab> {
  const proxy = await startTableProxy();
  const assembly = await mkdtemp(join(tmpdir(), 'freshet-backlog-'));
  await promisify(execFile)(
    process.execPath,
    ['--conditions=freshet-source', '--import', 'tsx', 'bench/experiments/backlog/app.ts'],
    {
      cwd: ROOT,
      env: { ...process.env, CDK_OUTDIR: assembly, GOVERNED: isGoverned ? 'yes' : 'no' },
    },
  );
  const cloud = await startLocalCloud({
    assembly,
    minuteMs: MINUTE_MS,
    iam: 'off',
    concurrency: Math.max(2, consumers),
    functionEndpoints: (services) => {
      proxy.forwardTo(services.dynamodb);
      return { ...services, dynamodb: proxy.url };
    },
  });
  const outputs = Object.values(cloud.outputs).flatMap((stack) => Object.values(stack));
  const deployed: readonly Deployed[] = outputs.flatMap((output) => readDeployed(output) ?? []);
  const workshopDeployed = deployed.find((one): one is DeployedOwner => one.role === 'owner');
  const cache = deployed.find((one): one is DeployedCache => one.role === 'cache');
  if (workshopDeployed === undefined || cache === undefined)
    throw new Error('the app of the experiment has no owner or no cache');
  cloud.functions.setReservedConcurrency(cache.projector, consumers);
  proxy.slow(cache.table, WRITE_MS);

  const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
  const lifetimeMs = (FLOW_LIFETIME_MS * MINUTE_MS) / 60_000;
  const flow = createFlow({ client, tableName: workshopDeployed.flowTable, lifetimeMs });
  const owner = createOwner({ boundary: workshop, tableName: workshopDeployed.table, client, flow });
  const metrics = cloudWatchClient({ endpoint: cloud.endpoints.cloudwatch });
  const writes = { accepted: 0, refused: 0, failed: 0, longestWaitMs: 0 };
  const seen: Seen[] = [];
  const beginMs = performance.now();

  const stacks = new Map(deployed.map(({ boundary, stack }) => [boundary, stack]));
  const selected = (name: string, metric: string) => {
    const dimensions = dimensionsOf({ name, stack: stacks.get(name) ?? '' });
    return { namespace: METRIC_NAMESPACE, metric, dimensions };
  };
  const metric = (boundary: string, name: string) => cloud.metrics.query(selected(boundary, name));
  const look = (): void => {
    const endMs = Math.ceil(Date.now() / 1000) * 1000;
    const lately = { startMs: endMs - 2 * MINUTE_MS, endMs, periodMs: 1000 };
    const latest = (boundary: string, name: string) =>
      cloud.metrics.datapoints(selected(boundary, name), 'Average', lately).at(-1)?.value;
    const hasReported = metric(shelf.name, REPORT_METRICS.backlog) !== undefined;
    const drain = latest(shelf.name, REPORT_METRICS.drainTime);
    seen.push({
      seconds: (performance.now() - beginMs) / 1000,
      committed: writes.accepted,
      settled: metric(shelf.name, PROJECTOR_METRICS.settled)?.sum ?? 0,
      flowState: FLOW_STATES[latest(workshop.name, GOVERNOR_METRICS.flowState) ?? 0] ?? 'normal',
      drainSeconds: hasReported ? (drain ?? null) : undefined,
      alarms: cloud.alarms.list().flatMap(({ name, state }) => (state === 'ALARM' ? [name] : [])),
    });
  };
  setBenchCredentials();
  const timer = setInterval(look, SAMPLE_MS);
  let change = 0;

  return {
    cloud,
    proxy,
    owner,
    cache,
    seen,
    writes,
    async put(id, maxWaitMs) {
      const atMs = performance.now();
      change += 1;
      try {
        await owner.put('Part', id, { change }, { maxWaitMs });
        writes.accepted += 1;
        writes.longestWaitMs = Math.max(writes.longestWaitMs, performance.now() - atMs);
      } catch (error) {
        if (error instanceof BackpressureError) writes.refused += 1;
        else writes.failed += 1;
      }
    },
    async hottestGroup() {
      const answer = await metrics.send(
        new GetInsightRuleReportCommand({
          RuleName: hottestGroupsRule(cache.projector),
          StartTime: new Date(Date.now() - 10 * MINUTE_MS),
          EndTime: new Date(),
          Period: 60,
          MaxContributorCount: 1,
        }),
      );
      return answer.Contributors?.[0]?.Keys?.[0];
    },
    async differing() {
      const reader = createReader({ boundary: shelf, tableName: cache.table, client });
      let count = 0;
      let cursor: string | undefined;
      do {
        const page = await owner.list('Part', { cursor, limit: 1000 });
        const cached = await reader.getMany(
          'Part',
          page.items.map(({ entity }) => entity.id),
        );
        count += page.items.filter(({ version }, index) => {
          const one = cached[index];
          return one?.status !== 'found' || one.version !== version;
        }).length;
        cursor = page.cursor;
      } while (cursor !== undefined);
      return count;
    },
    async parked() {
      const page = await createParkedReader({ client, parkingTable: cache.parkingTable }).list({ limit: 1000 });
      return page.items.length;
    },
    async stop() {
      clearInterval(timer);
      client.destroy();
      metrics.destroy();
      await cloud.stop();
      await proxy.stop();
      await rm(assembly, { recursive: true, force: true });
    },
  };
}
