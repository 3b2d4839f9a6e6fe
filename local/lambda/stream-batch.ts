import { randomUUID } from 'node:crypto';
import type { InvokeResult } from './invoke-result.ts';
import type { Pause } from './pause.ts';

/** A record of a DynamoDB stream, as GetRecords returns it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly dynamodb: {
    /** Seconds since the epoch. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Record<string, unknown>;
    readonly NewImage?: Record<string, unknown>;
    readonly OldImage?: Record<string, unknown>;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
  /** The service that deleted an item because of its time to live; absent for other changes. */
  readonly userIdentity?: { PrincipalId: string; Type: string };
}

/**
 * The message to the on-failure destination: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export interface StreamFailure {
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
    readonly approximateInvokeCount: number;
  };
  readonly responseContext?: { statusCode: 200; executedVersion: '$LATEST'; functionError: 'Unhandled' | null };
  readonly version: '1.0';
  readonly timestamp: string;
  readonly DDBStreamBatchInfo: {
    readonly shardId: string;
    readonly startSequenceNumber: string;
    readonly endSequenceNumber: string;
    readonly approximateArrivalOfFirstRecord: string;
    readonly approximateArrivalOfLastRecord: string;
    readonly batchSize: number;
    readonly streamArn: string;
  };
}

/** How batches are delivered to a function. */
export interface DeliveryOptions {
  readonly streamArn: string;
  readonly functionArn: string;
  readonly region: string;
  /** @param lastRecordAtMs when the last record of the batch was written, in milliseconds since the epoch */
  invoke(event: { Records: object[] }, lastRecordAtMs: number): Promise<InvokeResult>;
  readonly reportBatchItemFailures?: boolean;
  /** Retries after an error of the function; -1 means without limit. Throttled invocations don't count. @default -1 */
  readonly maximumRetryAttempts?: number;
  /** Records older than this are discarded; -1 means never. @default -1 */
  readonly maximumRecordAgeSeconds?: number;
  readonly bisectBatchOnFunctionError?: boolean;
  /** Receives discarded records. @default - discarded records aren't reported */
  onFailure?(failure: StreamFailure): Promise<void> | void;
  /** @default Date.now */
  readonly now?: () => number;
}

interface Work {
  readonly records: readonly StreamRecord[];
  readonly retries: number;
  invocations: number;
  functionError: 'Unhandled' | null;
}

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5_000;

/**
 * Delivers records in order until each is processed or discarded. Until then the shard is blocked, as on AWS. Returns
 * early once `stopped` returns true. The rules are those of
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html and
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html. AWS doesn't document whether
 * the count of retries restarts after a partial failure. Here it restarts.
 */
export async function deliver(
  records: readonly StreamRecord[],
  shardId: string,
  options: DeliveryOptions,
  pause: Pause,
  stopped: () => boolean,
): Promise<void> {
  const pending: Work[] = [fresh(records)];
  let backOffMs = FIRST_BACK_OFF_MS;
  for (let work = pending.shift(); work && !stopped(); work = pending.shift()) {
    const expired = countExpired(work.records, options);
    if (expired > 0) {
      await discard({ ...work, records: work.records.slice(0, expired) }, 'RecordAgeExceeded', shardId, options);
      if (expired < work.records.length) pending.unshift(fresh(work.records.slice(expired)));
      continue;
    }
    const lastRecordAtMs = (work.records.at(-1)?.dynamodb.ApproximateCreationDateTime ?? 0) * 1000;
    const event = { Records: work.records.map((record) => toEvent(record, options)) };
    const result = await options.invoke(event, lastRecordAtMs);
    const failedAt = firstFailure(result, work.records, options);
    if (failedAt === undefined) {
      backOffMs = FIRST_BACK_OFF_MS;
      continue;
    }
    const throttled = !result.ok && result.error === 'Throttled';
    const functionError = result.ok ? null : 'Unhandled';
    const tried: Work = throttled ? work : { ...work, invocations: work.invocations + 1, functionError };
    if (throttled) pending.unshift(work);
    else if (failedAt > 0) pending.unshift(fresh(work.records.slice(failedAt)));
    else if (options.bisectBatchOnFunctionError && work.records.length > 1) pending.unshift(...bisect(tried));
    else if (mayRetry(work, options)) pending.unshift({ ...tried, retries: work.retries + 1 });
    else {
      await discard(tried, 'RetryAttemptsExhausted', shardId, options);
      continue;
    }
    await pause.sleep(backOffMs);
    backOffMs = Math.min(2 * backOffMs, LONGEST_BACK_OFF_MS);
  }
}

function fresh(records: readonly StreamRecord[]): Work {
  return { records, retries: 0, invocations: 0, functionError: null };
}

/** The index of the first record to deliver again; undefined if all records were processed. */
function firstFailure(
  result: InvokeResult,
  records: readonly StreamRecord[],
  { reportBatchItemFailures }: DeliveryOptions,
): number | undefined {
  if (!result.ok) return 0;
  if (!reportBatchItemFailures) return undefined;
  const failures = (result.payload as { batchItemFailures?: unknown } | null)?.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return 0;
  if (failures.length === 0) return undefined;
  const indexes = failures.map((failure: { itemIdentifier?: unknown } | null) =>
    records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === failure?.itemIdentifier),
  );
  // A missing, empty or unknown identifier fails the whole batch.
  return Math.max(0, Math.min(...indexes));
}

function mayRetry({ retries }: Work, { maximumRetryAttempts = -1 }: DeliveryOptions): boolean {
  return maximumRetryAttempts === -1 || retries < maximumRetryAttempts;
}

/** Splitting a batch doesn't count as a retry. */
function bisect(work: Work): Work[] {
  const middle = Math.ceil(work.records.length / 2);
  return [
    { ...work, records: work.records.slice(0, middle) },
    { ...work, records: work.records.slice(middle) },
  ];
}

function countExpired(records: readonly StreamRecord[], options: DeliveryOptions): number {
  const { maximumRecordAgeSeconds = -1, now = Date.now } = options;
  if (maximumRecordAgeSeconds === -1) return 0;
  const oldest = now() / 1000 - maximumRecordAgeSeconds;
  const young = records.findIndex(({ dynamodb }) => dynamodb.ApproximateCreationDateTime >= oldest);
  return young === -1 ? records.length : young;
}

async function discard(
  work: Work,
  condition: StreamFailure['requestContext']['condition'],
  shardId: string,
  options: DeliveryOptions,
): Promise<void> {
  const [first, last] = [work.records.at(0), work.records.at(-1)];
  if (!first || !last) return;
  const { functionError, invocations } = work;
  await options.onFailure?.({
    requestContext: {
      requestId: randomUUID(),
      functionArn: options.functionArn,
      condition,
      approximateInvokeCount: invocations,
    },
    ...(invocations > 0 && { responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError } }),
    version: '1.0',
    timestamp: new Date((options.now ?? Date.now)()).toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: first.dynamodb.SequenceNumber,
      endSequenceNumber: last.dynamodb.SequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first),
      approximateArrivalOfLastRecord: arrival(last),
      batchSize: work.records.length,
      streamArn: options.streamArn,
    },
  });
}

function arrival({ dynamodb }: StreamRecord): string {
  return new Date(dynamodb.ApproximateCreationDateTime * 1000).toISOString();
}

function toEvent(record: StreamRecord, { streamArn, region }: DeliveryOptions): object {
  return { ...record, awsRegion: region, eventSourceARN: streamArn };
}
