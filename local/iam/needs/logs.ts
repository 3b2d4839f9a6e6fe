import { ANY, type Need, type Place } from './need.ts';

/** The operations on a query, which belongs to no log group. */
const OF_QUERIES = ['GetQueryResults', 'StopQuery'];

/**
 * The IAM action and resource of a CloudWatch Logs operation (service authorization reference, Amazon CloudWatch Logs,
 * 2026-12-01).
 */
export function logsNeeds(operation: string, logGroupName: string, { region, accountId }: Place): Need[] {
  const group = `arn:aws:logs:${region}:${accountId}:log-group:${logGroupName}`;
  return [{ action: `logs:${operation}`, resource: OF_QUERIES.includes(operation) ? ANY : group }];
}
