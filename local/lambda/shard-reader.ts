import { isDeepStrictEqual } from 'node:util';
import { type EngineClient, EngineError } from '../engine/client.ts';
import { createPause, type Delay } from './pause.ts';
import { type DeliveryOptions, deliver, type StreamRecord } from './stream-batch.ts';

/** Reads one shard of a stream to its end, from its start or from the current position. */
export interface ShardReader {
  /** Resolves once the position in the shard is fixed. Later writes are read. */
  readonly ready: Promise<void>;
  /** Resolves when the shard is closed and processed to its end, or after `stop`. */
  readonly ended: Promise<void>;
  /** Resolves when a GetRecords call that began after this call has returned no records and no batch is in flight. */
  caughtUp(): Promise<void>;
  /** Ends the current back-off. */
  wake(): void;
  /** Ends reading without waiting for a running invocation. */
  stop(): void;
}

export interface ShardReaderOptions extends DeliveryOptions {
  readonly engine: EngineClient;
  readonly batchSize: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /** Where reading continues. @default - at the starting position */
  readonly positions?: StreamPositions;
  /** Called when the shard has been processed to its end, before `caughtUp` resolves. */
  onEnd(): void;
  readonly delay?: Delay;
}

/** The sequence number of the last record of each shard that a mapping has processed. */
export interface StreamPositions {
  get(shardId: string): string | undefined;
  set(shardId: string, sequenceNumber: string): void;
}

/**
 * The maximum of GetRecords: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
 */
const RECORDS_PER_CALL = 1_000;
/**
 * The most bytes of a batch: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html (Batching
 * behavior). They are counted without the names that surround each value in JSON.
 */
const MAX_BATCH_BYTES = 6_000_000;
/** The pause between two polls: short after a record, longer after several polls without one. */
const BUSY_POLL_MS = 5;
const IDLE_POLL_MS = 25;
const POLLS_UNTIL_IDLE = 20;
const ERROR_PAUSE_MS = 250;

interface RecordsOutput {
  readonly Records: StreamRecord[];
  readonly NextShardIterator?: string;
}

/** Starts reading a shard. */
export function readShard(shardId: string, options: ShardReaderOptions): ShardReader {
  const { engine, streamArn } = options;
  const polling = createPause(options.delay);
  const backingOff = createPause(options.delay);
  let stopped = false;
  let waiters: (() => void)[] = [];
  let lastRead = options.positions?.get(shardId);
  let startingPosition = options.startingPosition;
  let markReady = () => {};
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });

  async function positionInShard(): Promise<string | undefined> {
    const position = lastRead
      ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: lastRead }
      : { ShardIteratorType: startingPosition };
    const input = { StreamArn: streamArn, ShardId: shardId, ...position };
    const output = await engine.call<{ ShardIterator?: string }>('DynamoDBStreams_20120810.GetShardIterator', input);
    return output.ShardIterator;
  }

  function moveTo(sequenceNumber: string | undefined): void {
    lastRead = sequenceNumber;
    if (sequenceNumber !== undefined) options.positions?.set(shardId, sequenceNumber);
  }

  async function readToEnd(): Promise<void> {
    let iterator = await positionInShard();
    markReady();
    let limit = Math.min(options.batchSize, RECORDS_PER_CALL);
    for (let emptyPolls = 0; iterator !== undefined && !stopped; ) {
      const asking = waiters;
      waiters = [];
      let output: RecordsOutput;
      try {
        output = await engine.call('DynamoDBStreams_20120810.GetRecords', { ShardIterator: iterator, Limit: limit });
      } catch (error) {
        waiters.push(...asking);
        throw error;
      }
      if (output.Records.length === 0) {
        for (const resolve of asking) resolve();
        emptyPolls += 1;
        if (output.NextShardIterator) await polling.sleep(emptyPolls < POLLS_UNTIL_IDLE ? BUSY_POLL_MS : IDLE_POLL_MS);
      } else {
        emptyPolls = 0;
        waiters.push(...asking);
        for (const batch of batchesOf(output.Records)) {
          const changes = batch.filter(changesSomething);
          if (changes.length > 0) await deliver(changes, shardId, options, backingOff, () => stopped);
          if (!stopped) moveTo(batch.at(-1)?.dynamodb.SequenceNumber);
        }
        limit = nextLimit(output.Records, options.batchSize);
      }
      iterator = output.NextShardIterator;
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await readToEnd();
        break;
      } catch (error) {
        // The iterator expired or the engine doesn't answer: start again after the last record that was read.
        if (error instanceof EngineError && error.code === 'TrimmedDataAccessException') {
          lastRead = undefined;
          startingPosition = 'TRIM_HORIZON';
        }
        if (!stopped) await polling.sleep(ERROR_PAUSE_MS);
      }
    }
    markReady();
    if (!stopped) options.onEnd();
    stopped = true;
    for (const resolve of waiters.splice(0)) resolve();
  }

  return {
    ready,
    ended: run(),
    caughtUp: () =>
      new Promise((resolve) => {
        if (stopped) return resolve();
        waiters.push(resolve);
        polling.wake();
      }),
    wake: backingOff.wake,
    stop() {
      stopped = true;
      polling.wake();
      backingOff.wake();
      for (const resolve of waiters.splice(0)) resolve();
    },
  };
}

/** Splits records into batches that a function may get. A record that is larger alone is a batch of its own. */
function batchesOf(records: readonly StreamRecord[]): StreamRecord[][] {
  const batches: StreamRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    bytes += record.dynamodb.SizeBytes;
    if (bytes > MAX_BATCH_BYTES) {
      batches.push([]);
      bytes = record.dynamodb.SizeBytes;
    }
    batches.at(-1)?.push(record);
  }
  return batches;
}

/** How many records to read next, if they are as large as the last ones: about a batch, so that few wait in memory. */
function nextLimit(last: readonly StreamRecord[], batchSize: number): number {
  const bytes = last.reduce((sum, { dynamodb }) => sum + dynamodb.SizeBytes, 0) / last.length;
  const fitting = Math.max(1, Math.floor(MAX_BATCH_BYTES / Math.max(1, bytes)));
  return Math.min(batchSize, RECORDS_PER_CALL, fitting);
}

/**
 * Engines record every write. AWS records only writes that change the item.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
function changesSomething({ eventName, dynamodb }: StreamRecord): boolean {
  const { OldImage, NewImage } = dynamodb;
  return eventName !== 'MODIFY' || !OldImage || !NewImage || !isDeepStrictEqual(OldImage, NewImage);
}
