import { getXrayTraceDataFromEnv } from '@aws-lambda-powertools/commons/utils/env';
import { fromXRay } from '../../core/trace.ts';

/** The trace that the running invocation belongs to, as W3C's `traceparent`; undefined outside of a traced Lambda function. */
export function currentTraceparent(): string | undefined {
  const fields = getXrayTraceDataFromEnv();
  return fields && fromXRay(fields);
}
