import {
  type CloudWatchClient,
  GetInsightRuleReportCommand,
  ResourceNotFound,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch';
import type { Span } from 'freshet-aws/internal/adapters/govern/metric-data';

/** The contributor that a Contributor Insights rule saw most of. */
export interface TopContributor {
  readonly key: string;
  /** Its part of what the rule adds up. */
  readonly value: number;
}

/** The contributor that a rule saw most of in a span; undefined where there is no such rule, or it saw nothing. */
export async function topContributor(
  client: CloudWatchClient,
  rule: string,
  { fromMs, toMs, periodSeconds }: Span,
): Promise<TopContributor | undefined> {
  const request = new GetInsightRuleReportCommand({
    RuleName: rule,
    StartTime: new Date(fromMs),
    EndTime: new Date(toMs),
    Period: periodSeconds,
    MaxContributorCount: 1,
  });
  try {
    const [first] = (await client.send(request)).Contributors ?? [];
    return first && { key: first.Keys?.join(' ') ?? '', value: first.ApproximateAggregateValue ?? 0 };
  } catch (error) {
    // The service has two errors for what isn't there.
    if (error instanceof ResourceNotFound || error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
