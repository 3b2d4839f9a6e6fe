import type { Context } from 'aws-lambda';
import { createSurveying } from '../adapters/adopt/surveying.ts';
import { surveyTelemetry, watchTelemetry } from '../adapters/adopt/telemetry.ts';
import { createVouching } from '../adapters/adopt/vouching.ts';
import { adaptiveDynamoDbClient, dynamoDbClient, sqsClient } from '../adapters/aws/clients.ts';
import { cloudWatchClient } from '../adapters/aws/cloudwatch-client.ts';
import { lambdaClient } from '../adapters/aws/lambda-client.ts';
import { isSurveyRequest, type RequestedSurvey } from '../core/adopt/begin-survey.ts';
import boundary from './boundary.ts';
import { emitter, required } from './environment.ts';

/** A page of 100 items takes about a second at the lowest rate that is sensible, and much less otherwise. */
const TIME_OF_A_PAGE_MS = 15_000;

const existing = { tableArn: required('EXISTING_TABLE_ARN'), streamArn: required('EXISTING_STREAM_ARN') };
const everyMs = Number(required('SURVEY_EVERY_SECONDS')) * 1000;
const surveys = createSurveying({
  boundary,
  client: adaptiveDynamoDbClient(),
  existingTable: required('EXISTING_TABLE'),
  existing,
  ownerTable: required('OWNER_TABLE'),
  flowTable: required('FLOW_TABLE'),
  queues: sqsClient(),
  failureQueueUrl: required('FAILURE_QUEUE_URL'),
  rate: Number(required('SURVEY_RATE')),
  everyMs,
});
const vouch = createVouching({
  boundary,
  emitter: emitter(boundary.name),
  client: dynamoDbClient(),
  flowTable: required('FLOW_TABLE'),
  existing,
  lambda: lambdaClient(),
  metrics: cloudWatchClient(),
  adopter: required('ADOPTER'),
  mapping: required('ADOPTER_MAPPING'),
  intervalSeconds: Number(required('INTERVAL_SECONDS')),
  everyMs,
});
const report = surveyTelemetry(emitter(boundary.name));
const reportWatched = watchTelemetry(emitter(boundary.name));

/**
 * Notes up to when the copies of an existing table are complete. Then compares the table with its copies, page by page,
 * and mends the copies. Runs on a schedule and after a deployment; an invocation goes on where the last one stopped. An
 * operator's request only begins a survey.
 */
export async function handler(event: object, context: Context): Promise<RequestedSurvey | undefined> {
  if (isSurveyRequest(event)) return surveys.request();
  const [watched] = await Promise.allSettled([vouch()]);
  const seen = watched.status === 'fulfilled' ? watched.value : undefined;
  if (seen !== undefined) reportWatched(seen);
  const slice = await surveys.run(() => context.getRemainingTimeInMillis() > TIME_OF_A_PAGE_MS, seen);
  if (slice !== undefined) report(slice);
  if (slice?.note.endedAtMs !== undefined) await vouch();
  if (slice?.cause !== undefined) throw slice.cause;
  // Thrown after the survey, which doesn't depend on it. Without a note, the governor commits no heartbeats.
  if (watched.status === 'rejected') throw watched.reason;
  return undefined;
}
