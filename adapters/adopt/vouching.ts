import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetEventSourceMappingCommand, GetFunctionConcurrencyCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { ExistingTable } from '../../core/adopt/survey-note.ts';
import { type AdopterSeen, isOverdue, isReading, lagOf, outages, vouchedUntil } from '../../core/adopt/vouch.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import { ADOPT_METRICS, type Emitter } from '../../core/metrics.ts';
import { changeNote } from '../../core/repair/note.ts';
import { freshetMetric, metricData } from '../govern/metric-data.ts';
import { createSurveyNotes } from './surveying.ts';
import { createVouchNotes } from './vouch-notes.ts';

/** Intervals whose delays count. A metric arrives up to two minutes after its batch. */
const INTERVALS = 4;

/** What is known of the functions of an adopted table. */
export interface Watched {
  /** Whether the adopter doesn't read the table's stream. */
  readonly isStopped: boolean;
  /** See `isOverdue`. */
  readonly isOverdue: boolean;
  /** See `VouchNote.lostAtMs`. */
  readonly lostAtMs: number | undefined;
  /** See `lagOf`. */
  readonly lagMs: number | undefined;
}

/**
 * Creates a function that determines up to when the copies of an existing table are complete, and notes it for the
 * governor.
 */
export function createVouching(options: {
  readonly boundary: Boundary;
  readonly emitter: Emitter;
  readonly client: DynamoDBClient;
  readonly flowTable: string;
  readonly existing: ExistingTable;
  readonly lambda: LambdaClient;
  readonly metrics: CloudWatchClient;
  /** Name of the adopter. */
  readonly adopter: string;
  /** Id of the adopter's event source mapping. */
  readonly mapping: string;
  readonly intervalSeconds: number;
  /** Time between two surveys. */
  readonly everyMs: number;
}): () => Promise<Watched> {
  const { boundary, emitter, client, flowTable, existing, lambda, metrics } = options;
  const { adopter, mapping, intervalSeconds, everyMs } = options;
  const surveys = createSurveyNotes(client, flowTable);
  const vouched = createVouchNotes(client, flowTable);
  const seen = async (): Promise<AdopterSeen> => {
    const toMs = Date.now();
    const span = { fromMs: toMs - INTERVALS * intervalSeconds * 1000, toMs, periodSeconds: intervalSeconds };
    const [found, concurrency, { delay }] = await Promise.all([
      lambda.send(new GetEventSourceMappingCommand({ UUID: mapping })),
      lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: adopter })),
      metricData(metrics, { delay: freshetMetric(emitter, ADOPT_METRICS.delay, 'Maximum') }, span),
    ]);
    return {
      streamArn: found.EventSourceArn,
      state: found.State,
      lastResult: found.LastProcessingResult,
      reserved: concurrency.ReservedConcurrentExecutions,
      delayMs: delay.length === 0 ? undefined : Math.max(...delay.map(({ value }) => value)),
    };
  };
  return async () => {
    // Before the reading, so that a change in the meantime isn't vouched for.
    const atMs = Date.now();
    const [adopting, survey] = await Promise.all([seen(), surveys.read(boundary.name)]);
    const note = await changeNote(vouched, boundary.name, (before) => {
      const known = outages(before, existing, adopting, atMs);
      return { atMs, untilMs: vouchedUntil(boundary, existing, adopting, survey, atMs, known.lostAtMs), ...known };
    });
    return {
      isStopped: !isReading(existing, adopting),
      isOverdue: isOverdue(survey, everyMs, atMs),
      lostAtMs: note?.lostAtMs,
      lagMs: lagOf(existing, adopting),
    };
  };
}
