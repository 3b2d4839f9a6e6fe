import { readDecision } from 'freshet-aws/internal/adapters/govern/flow-table';
import { freshetMetric, metricData, newestWhole } from 'freshet-aws/internal/adapters/govern/metric-data';
import type { FlowDecision } from 'freshet-aws/internal/core/govern/decide';
import { RELAY_DELAY_METRIC, RELAY_METRICS } from 'freshet-aws/internal/core/metrics';
import { countParked } from '../../clients/parked-count.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { AWS_LOOK_BACK_MS, LOCAL_WINDOW_MS } from '../../observe/cache-metrics.ts';
import { finestPeriod } from '../../observe/figures.ts';
import { flowStatusOf } from '../../observe/flow-status.ts';
import type { Parts } from '../../observe/parts.ts';
import type { Ask } from '../../observe/remembered.ts';
import type { OwnerFlow } from './documents.ts';
import { EVERY } from './every.ts';
import type { FunctionStates } from './function-states.ts';

/** How old the newest delay of a relay may be. Heartbeats are published each minute. */
const DELAY_LIFE_MS = 5 * 60_000;

/** A look at the owners. */
export interface OwnersLook {
  readonly owners: readonly OwnerFlow[];
  /** The decision of each owner that has one. */
  readonly decisions: readonly FlowDecision[];
}

/** Creates the look at the owners. */
export function createOwnersLook(
  deployment: Deployment,
  parts: Parts,
): (nowMs: number, functions: Ask<FunctionStates>) => Promise<OwnersLook> {
  const { owners, clients } = deployment;
  const client = clients.tables;
  const decisions = parts.each('decisions of owners', owners, EVERY.decision, ({ deployed }) =>
    readDecision({ client, tableName: deployed.flowTable }),
  );
  const parked = parts.each('parked records of owners', owners, EVERY.parked, ({ deployed }) =>
    countParked(client, deployed.parkingTable),
  );
  const rates = parts.one('metrics of owners', EVERY.metrics, (nowMs) => readPublishedRates(deployment, nowMs));
  const delays = parts.one('metrics of owners', EVERY.gauges, (nowMs) => readRelayDelays(deployment, nowMs));
  return async (nowMs, functions) => {
    const [decided, counts, published, delayed, states] = await Promise.all([
      decisions(nowMs),
      parked(nowMs),
      rates(nowMs),
      delays(nowMs),
      functions(nowMs),
    ]);
    return {
      owners: owners.map(({ name, deployed }, index) => ({
        name,
        flow: flowStatusOf(decided[index], nowMs),
        relay: states.of(deployed.relay),
        relayDelayMs: delayed?.[index] ?? null,
        publishedRate: published?.[index] ?? null,
        parked: counts[index] ?? 0,
      })),
      decisions: decided.filter((one) => one !== undefined),
    };
  };
}

/** The versions that each owner's relay published a second, over the last seconds or in the newest whole minute. */
async function readPublishedRates(deployment: Deployment, nowMs: number): Promise<number[]> {
  const { isLocal } = deployment;
  const backMs = isLocal ? LOCAL_WINDOW_MS : AWS_LOOK_BACK_MS;
  const series = await ofOwners(deployment, RELAY_METRICS.published, 'Sum', nowMs - backMs, nowMs);
  return series.map((values) => {
    if (!isLocal) {
      // A minute without events has no datapoint.
      const newest = newestWhole(values, nowMs, 60);
      return newest !== undefined && nowMs - newest.atMs < 3 * 60_000 ? newest.value / 60 : 0;
    }
    return values.reduce((sum, { value }) => sum + value, 0) / (LOCAL_WINDOW_MS / 1000);
  });
}

/** The newest relay delay of each owner; undefined if there was none lately. */
async function readRelayDelays(deployment: Deployment, nowMs: number): Promise<(number | undefined)[]> {
  const series = await ofOwners(deployment, RELAY_DELAY_METRIC, 'Maximum', nowMs - DELAY_LIFE_MS, nowMs);
  return series.map((values) => values.at(-1)?.value);
}

async function ofOwners(deployment: Deployment, metric: string, statistic: string, fromMs: number, nowMs: number) {
  const queries = deployment.owners.map(({ name, deployed }, index) => {
    return [String(index), freshetMetric({ name, stack: deployed.stack }, metric, statistic)] as const;
  });
  const periodSeconds = finestPeriod(deployment);
  const span = { fromMs, toMs: nowMs + periodSeconds * 1000, periodSeconds };
  const found = await metricData(deployment.clients.metrics, Object.fromEntries(queries), span);
  return deployment.owners.map((_, index) => found[String(index)] ?? []);
}
