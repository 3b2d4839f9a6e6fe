import {
  type CloudWatchClient,
  GetInsightRuleReportCommand,
  type GetInsightRuleReportCommandOutput,
  ResourceNotFound,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch';
import type { Span } from 'freshet-aws/internal/adapters/govern/metric-data';

/** The largest contributor of a Contributor Insights rule. */
export interface TopContributor {
  readonly key: string;
  /** The contributor's share of the rule's total. */
  readonly value: number;
}

/** The largest contributor of a rule in a span; undefined if the rule doesn't exist or has no contributor. */
export async function topContributor(
  client: CloudWatchClient,
  rule: string,
  { fromMs, toMs, periodSeconds }: Span,
): Promise<TopContributor | undefined> {
  const [first] = (await report(client, rule, { fromMs, toMs, periodSeconds }))?.Contributors ?? [];
  return first && { key: first.Keys?.join(' ') ?? '', value: first.ApproximateAggregateValue ?? 0 };
}

const METRICS = ['MaxContributorValue', 'UniqueContributors'] as const;

/** The values of a rule by the period: epoch milliseconds and value, oldest first. */
export type InsightSeries = Readonly<Record<(typeof METRICS)[number], readonly (readonly [number, number])[]>>;

/** The largest contributor's value and the number of contributors by the period; undefined if there is no such rule. */
export async function insightSeries(
  client: CloudWatchClient,
  rule: string,
  span: Span,
): Promise<InsightSeries | undefined> {
  const found = await report(client, rule, span, [...METRICS]);
  if (found === undefined) return undefined;
  const points = (found.MetricDatapoints ?? [])
    .map((point) => ({ ...point, atMs: point.Timestamp?.getTime() ?? 0 }))
    .sort((a, b) => a.atMs - b.atMs);
  const seriesOf = (metric: (typeof METRICS)[number]) =>
    points.flatMap(({ atMs, [metric]: value }) => (value === undefined ? [] : [[atMs, value] as const]));
  return {
    MaxContributorValue: seriesOf('MaxContributorValue'),
    UniqueContributors: seriesOf('UniqueContributors'),
  };
}

async function report(
  client: CloudWatchClient,
  rule: string,
  { fromMs, toMs, periodSeconds }: Span,
  metrics?: string[],
): Promise<GetInsightRuleReportCommandOutput | undefined> {
  const request = new GetInsightRuleReportCommand({
    RuleName: rule,
    StartTime: new Date(fromMs),
    EndTime: new Date(toMs),
    Period: periodSeconds,
    MaxContributorCount: 1,
    ...(metrics && { Metrics: metrics }),
  });
  try {
    return await client.send(request);
  } catch (error) {
    // The service has two errors for a rule that doesn't exist.
    if (error instanceof ResourceNotFound || error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
