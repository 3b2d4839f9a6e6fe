import {
  freshetMetric,
  functionMetric,
  type MetricQuery,
  queueMetric,
  type Span,
} from 'freshet-aws/internal/adapters/govern/metric-data';
import type { Graph, Series } from 'freshet-aws/internal/core/graphs/graph';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import { type InsightSeries, insightSeries } from '../../clients/insight-report.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { readMetrics } from '../../observe/read-metrics.ts';
import { type Ask, rememberedFor } from '../../observe/remembered.ts';
import type { GraphDocument, GraphSide, NumbersDocument } from './documents.ts';
import { EVERY } from './every.ts';
import { type Drawn, partsOf } from './numbers-parts.ts';

/** The points of a series are about this many at most. */
const MOST_POINTS = 300;

/** The periods of CloudWatch up to a minute, in seconds (cloudwatch/API_GetMetricData). */
const PERIODS = [1, 5, 10, 20, 30, 60] as const;

/** Contributor Insights rules that are read at the same time. */
const AT_ONCE = 4;

/**
 * Creates the read of the figures of the dashboard. On AWS, where each metric that is read is billed, all pages get the
 * same figures of a range for a minute.
 */
export function createNumbersRead(
  deployment: Deployment,
): (minutes: number, nowMs: number) => Promise<Omit<NumbersDocument, 'alarmChanges'>> {
  const everyMs = deployment.isLocal ? EVERY.numbers.localMs : EVERY.numbers.awsMs;
  const ranges = new Map<number, Ask<Omit<NumbersDocument, 'alarmChanges'>>>();
  return (minutes, nowMs) => {
    const range = ranges.get(minutes) ?? rememberedFor(everyMs, (atMs) => readNumbers(deployment, minutes, atMs));
    ranges.set(minutes, range);
    return range(nowMs);
  };
}

/** Reads the figures of the dashboard. @param minutes from 1 to 180 */
async function readNumbers(
  deployment: Deployment,
  minutes: number,
  nowMs: number,
): Promise<Omit<NumbersDocument, 'alarmChanges'>> {
  const span = spanOf(deployment, minutes, nowMs);
  const parts = partsOf(deployment);
  const all = parts.flatMap(({ drawn }) => drawn);
  const [points, contributors] = await Promise.all([
    readSeries(deployment, all, span),
    readRules(deployment, all, span),
  ]);
  const pointsOf = (series: Series, drawn: Drawn): Points | undefined => {
    if (series.kind === 'contributors') return contributors.get(drawn)?.[series.metric];
    const query = queryOf(series, drawn);
    if (query === undefined) return undefined;
    const values = points.get(keyOf(query)) ?? [];
    return series.kind === 'rate' ? values.map(([atMs, value]) => [atMs, value / span.periodSeconds] as const) : values;
  };
  return {
    ...span,
    parts: parts.map(({ title, drawn }) => ({
      title,
      graphs: drawn.flatMap((one) => one.graphs.map((graph) => graphOf(graph, (series) => pointsOf(series, one)))),
    })),
  };
}

/**
 * The span of figures. Its last period is the newest whole one; of minutes it is the current one, as on the dashboard.
 *
 * @param minutes from 1 to 180
 */
export function spanOf({ isLocal }: Pick<Deployment, 'isLocal'>, minutes: number, nowMs: number): Span {
  const seconds = minutes * 60;
  const periodSeconds = isLocal ? (PERIODS.find((period) => seconds / period <= MOST_POINTS) ?? 60) : 60;
  const periodMs = periodSeconds * 1000;
  const wholeMs = Math.floor(nowMs / periodMs) * periodMs;
  const toMs = periodSeconds === 60 ? wholeMs + periodMs : wholeMs;
  return { fromMs: toMs - seconds * 1000, toMs, periodSeconds };
}

type Points = readonly (readonly [number, number])[];

function graphOf(
  { title, left, right, isStacked }: Graph,
  pointsOf: (series: Series) => Points | undefined,
): GraphDocument {
  const sideOf = ({ unit, series, line }: Graph['left']): GraphSide => ({
    unit,
    line: line ?? null,
    series: series.flatMap((one) => {
      const points = pointsOf(one);
      return points === undefined ? [] : [{ label: labelOf(one), points }];
    }),
  });
  return { title, left: sideOf(left), right: right ? sideOf(right) : null, isStacked: isStacked ?? false };
}

function labelOf(series: Series): string {
  return series.label ?? series.metric;
}

/** The query of a series; undefined if what it is about isn't known. */
function queryOf(series: Series, { emitter, resources }: Drawn): MetricQuery | undefined {
  if (series.kind === 'contributors') return undefined;
  if (series.kind === 'own') return emitter && freshetMetric(emitter, series.metric, series.statistic);
  const name = Object.hasOwn(resources, series.of) ? resources[series.of] : undefined;
  if (name === undefined) return undefined;
  switch (series.kind) {
    case 'rate':
      return queueMetric(name, series.metric, 'Sum');
    case 'queue':
      return queueMetric(name, series.metric, series.statistic);
    case 'function':
      return functionMetric(name, series.metric, series.statistic);
    case 'table':
      return {
        namespace: 'AWS/DynamoDB',
        metric: series.metric,
        dimensions: { TableName: name },
        statistic: series.statistic,
      };
  }
}

function keyOf(query: MetricQuery): string {
  return JSON.stringify(query);
}

/** Reads all series of metrics together. Equal queries are read once. */
async function readSeries(deployment: Deployment, all: readonly Drawn[], span: Span): Promise<Map<string, Points>> {
  const queries = all.flatMap((drawn) =>
    drawn.graphs
      .flatMap(({ left, right }) => [...left.series, ...(right?.series ?? [])])
      .flatMap((series) => queryOf(series, drawn) ?? []),
  );
  const byKey = new Map(queries.map((query) => [keyOf(query), query]));
  const points = new Map<string, Points>();
  for (const [key, values] of await readMetrics(deployment, [...byKey], span))
    points.set(
      key,
      values.map(({ atMs, value }) => [atMs, value]),
    );
  return points;
}

/** Reads the Contributor Insights rules. The local cloud has no series of them. */
async function readRules({ clients, isLocal }: Deployment, all: readonly Drawn[], span: Span) {
  const found = new Map<Drawn, InsightSeries>();
  if (isLocal) return found;
  await sideBySide(all, AT_ONCE, async (drawn) => {
    const series = drawn.rule === undefined ? undefined : await insightSeries(clients.metrics, drawn.rule, span);
    if (series !== undefined) found.set(drawn, series);
  });
  return found;
}
