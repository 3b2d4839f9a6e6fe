import type { Context } from 'aws-lambda';
import { createSurveying } from '../adapters/adopt/surveying.ts';
import { surveyTelemetry } from '../adapters/adopt/telemetry.ts';
import { adaptiveDynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

/** A page of 100 items takes about a second at the lowest rate that is sensible, and much less otherwise. */
const TIME_OF_A_PAGE_MS = 15_000;

const survey = createSurveying({
  boundary,
  client: adaptiveDynamoDbClient(),
  existingTable: required('EXISTING_TABLE'),
  ownerTable: required('OWNER_TABLE'),
  flowTable: required('FLOW_TABLE'),
  queues: sqsClient(),
  failureQueueUrl: required('FAILURE_QUEUE_URL'),
  rate: Number(required('SURVEY_RATE')),
  everyMs: Number(required('SURVEY_EVERY_SECONDS')) * 1000,
});
const report = surveyTelemetry(emitter(boundary.name));

/**
 * Compares an existing table with its copies, page by page, and mends the copies. Runs on a schedule and after a
 * deployment; an invocation goes on where the last one stopped.
 */
export async function handler(_: object, context: Context): Promise<void> {
  const slice = await survey(() => context.getRemainingTimeInMillis() > TIME_OF_A_PAGE_MS);
  if (slice !== undefined) report(slice);
}
