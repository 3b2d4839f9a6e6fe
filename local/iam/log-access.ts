import type { Access } from './access.ts';

/** Without these a function has neither logs nor metrics (lam/monitoring-cloudwatchlogs). */
const ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** Whether a function may write its log, to a group that exists. */
export function mayLog({ callerOf, check, place }: Access, functionName: string, logGroup: string): boolean {
  const caller = callerOf(functionName);
  if (caller === undefined) return true;
  const resource = `arn:aws:logs:${place.region}:${place.accountId}:log-group:${logGroup}:log-stream:[$LATEST]local`;
  // Both, so that both are told when both are missing.
  const denials = ACTIONS.filter((action) => check({ caller, action, resource }));
  return denials.length === 0;
}
