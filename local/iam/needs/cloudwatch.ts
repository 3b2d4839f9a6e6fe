import { ANY, type Need, type Place } from './need.ts';

/**
 * The IAM action and resource of a CloudWatch operation (service authorization reference, Amazon CloudWatch,
 * 2026-12-01).
 */
export function cloudWatchNeeds(operation: string, { region, accountId }: Place): Need[] {
  const arn = (resource: string) => `arn:aws:cloudwatch:${region}:${accountId}:${resource}`;
  const resources: Readonly<Record<string, string>> = {
    DescribeAlarms: arn('alarm:*'),
    GetInsightRuleReport: arn('insight-rule/*'),
  };
  return [{ action: `cloudwatch:${operation}`, resource: resources[operation] ?? ANY }];
}
