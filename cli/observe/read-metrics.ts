import {
  type Datapoint,
  type MetricQuery,
  metricData,
  type Span,
} from 'freshet-aws/internal/adapters/govern/metric-data';
import type { Deployment } from '../deployment/deployment.ts';

/** Queries of one request to CloudWatch (cloudwatch/API_GetMetricData). */
const AWS_QUERIES = 500;

/** Queries of one request to the local cloud, which answers nothing else meanwhile. */
const LOCAL_QUERIES = 100;

/** Reads any number of metrics, by their keys. @param progress called after each request */
export async function readMetrics(
  { clients, isLocal }: Pick<Deployment, 'clients' | 'isLocal'>,
  queries: readonly (readonly [key: string, query: MetricQuery])[],
  span: Span,
  progress: () => void = () => undefined,
): Promise<ReadonlyMap<string, readonly Datapoint[]>> {
  const size = isLocal ? LOCAL_QUERIES : AWS_QUERIES;
  const found = new Map<string, readonly Datapoint[]>();
  for (let from = 0; from < queries.length; from += size) {
    const some = Object.fromEntries(queries.slice(from, from + size));
    for (const [key, series] of Object.entries(await metricData(clients.metrics, some, span))) found.set(key, series);
    progress();
  }
  return found;
}
