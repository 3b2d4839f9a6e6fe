import type { Access } from './access.ts';

/**
 * Throws, like CreateFunction, if the role of a function with active tracing may not send segments to X-Ray. It also
 * checks, without throwing, the other permission that X-Ray needs (lam/services-xray, 2026-11-25).
 */
export function requireTracing({ callerOf, check }: Access, functionName: string): void {
  const caller = callerOf(functionName);
  if (caller === undefined) return;
  check({ caller, action: 'xray:PutTelemetryRecords', resource: '*' });
  const denial = check({ caller, action: 'xray:PutTraceSegments', resource: '*' });
  if (denial === undefined) return;
  throw new Error(
    `The provided execution role does not have permissions to call PutTraceSegments on XRAY. ${denial.message}`,
  );
}
