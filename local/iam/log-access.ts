import type { Access } from './access.ts';

/** Without these permissions, a function writes neither logs nor metrics (lam/monitoring-cloudwatchlogs). */
const ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** Whether a function may write to its log group, which must exist. */
export function mayLog({ callerOf, check, place }: Access, functionName: string, logGroup: string): boolean {
  const caller = callerOf(functionName);
  if (caller === undefined) return true;
  const resource = `arn:aws:logs:${place.region}:${place.accountId}:log-group:${logGroup}:log-stream:[$LATEST]local`;
  // Checks both permissions, so that both are reported if both are missing.
  const denials = ACTIONS.filter((action) => check({ caller, action, resource }));
  return denials.length === 0;
}
