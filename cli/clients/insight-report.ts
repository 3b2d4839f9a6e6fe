import {
  type CloudWatchClient,
  GetInsightRuleReportCommand,
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
    // The service has two errors for a rule that doesn't exist.
    if (error instanceof ResourceNotFound || error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
