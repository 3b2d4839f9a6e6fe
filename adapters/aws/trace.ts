import { getXrayTraceDataFromEnv } from '@aws-lambda-powertools/commons/utils/env';
import { fromXRay } from '../../core/trace.ts';

/** Returns the trace of the current invocation as W3C `traceparent`; undefined outside a traced Lambda function. */
export function currentTraceparent(): string | undefined {
  const fields = getXrayTraceDataFromEnv();
  return fields && fromXRay(fields);
}
