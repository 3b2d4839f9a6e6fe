import type { Need, Place } from './need.ts';

/**
 * The IAM action and resource of a CloudWatch Logs operation (service authorization reference, Amazon CloudWatch Logs,
 * 2026-12-01).
 */
export function logsNeeds(operation: string, logGroupName: string, { region, accountId }: Place): Need[] {
  return [{ action: `logs:${operation}`, resource: `arn:aws:logs:${region}:${accountId}:log-group:${logGroupName}` }];
}
