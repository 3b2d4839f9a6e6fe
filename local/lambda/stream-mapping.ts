import type { EngineClient } from '../engine/client.ts';
import type { Delay } from './pause.ts';
import { readShard, type ShardReader, type StreamPositions } from './shard-reader.ts';
import type { DeliveryOptions } from './stream-batch.ts';

/** An event source mapping from a DynamoDB stream to a function. */
export interface StreamMappingOptions extends DeliveryOptions {
  readonly engine: EngineClient;
  /** Records per invocation, 1 to 10,000. One read returns at most 1,000. @default 100 */
  readonly batchSize?: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /**
   * Concurrent batches of one shard, 1 to 10. The local cloud always uses one, which is stricter than AWS, where the
   * order holds per item only. @default 1
   */
  readonly parallelizationFactor?: number;
  /** Where each shard is read from, and how far it was read. @default - each shard from the starting position */
  readonly positions?: StreamPositions;
  /** The timer for polling and back-off. @default - real time */
  readonly delay?: Delay;
}

export interface StreamMapping {
  /** Resolves when all records that were written before the call have been processed. */
  caughtUp(): Promise<void>;
  /** Ends the current back-off, for example when the function may run again. */
  wake(): void;
  /** Stops polling. A running invocation continues; a new mapping delivers its batch again. */
  stop(): Promise<void>;
}

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

/** Allowed values: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html */
const RANGES = [
  ['batchSize', 1, 10_000],
  ['maximumRetryAttempts', -1, 10_000],
  ['maximumRecordAgeSeconds', -1, 604_800],
  ['parallelizationFactor', 1, 10],
] as const;
const MIN_RECORD_AGE_SECONDS = 60;
const DEFAULT_BATCH_SIZE = 100;
/** The interval at which new shards are looked for. The end of a shard also starts a search at once. */
const DISCOVERY_MS = 1_000;

/**
 * Starts an event source mapping on a DynamoDB stream. Resolves once the position in the stream is fixed: with
 * `LATEST`, every later write is delivered. Throws for an option out of range and for an unknown stream.
 */
export async function startStreamMapping(options: StreamMappingOptions): Promise<StreamMapping> {
  validate(options);
  const readers = new Map<string, ShardReader>();
  const ended = new Set<string>();
  let stopped = false;

  function start({ ShardId: id }: Shard, startingPosition: StreamMappingOptions['startingPosition']): ShardReader {
    const reader = readShard(id, {
      ...options,
      batchSize: options.batchSize ?? DEFAULT_BATCH_SIZE,
      startingPosition,
      onEnd() {
        ended.add(id);
        rediscover();
      },
    });
    readers.set(id, reader);
    return reader;
  }

  /** A child shard is read after its parent, so that the order of an item's changes holds. */
  async function discover(newShardsFrom: StreamMappingOptions['startingPosition']): Promise<void> {
    const shards = await listShards(options.engine, options.streamArn);
    if (stopped) return;
    const listed = new Set(shards.map(({ ShardId }) => ShardId));
    for (const shard of shards) {
      const parent = shard.ParentShardId;
      const parentDone = parent === undefined || ended.has(parent) || !listed.has(parent);
      if (!readers.has(shard.ShardId) && parentDone) start(shard, newShardsFrom);
    }
  }

  let discovery = discover(options.startingPosition);
  function rediscover(): void {
    // If the engine doesn't answer, the next search asks again.
    discovery = discovery.then(() => discover('TRIM_HORIZON')).catch(() => {});
  }
  await discovery;
  await Promise.all([...readers.values()].map(({ ready }) => ready));
  const ticks = setInterval(rediscover, DISCOVERY_MS);

  return {
    async caughtUp() {
      let known: number;
      do {
        await discovery;
        known = readers.size;
        await Promise.all([...readers.values()].map((reader) => reader.caughtUp()));
        await discovery;
      } while (readers.size !== known && !stopped);
    },
    wake() {
      for (const reader of readers.values()) reader.wake();
    },
    async stop() {
      stopped = true;
      clearInterval(ticks);
      for (const reader of readers.values()) reader.stop();
      await discovery;
    },
  };
}

function validate(options: StreamMappingOptions): void {
  for (const [name, lowest, highest] of RANGES) {
    const given = options[name];
    if (given === undefined || (Number.isInteger(given) && given >= lowest && given <= highest)) continue;
    throw new RangeError(`${name} of a stream mapping is ${given}; allowed are integers from ${lowest} to ${highest}`);
  }
  // Lambda refuses ages of 0 to 59 s (lambda/latest/api/API_CreateEventSourceMapping).
  const { maximumRecordAgeSeconds: age = -1 } = options;
  if (age >= 0 && age < MIN_RECORD_AGE_SECONDS)
    throw new RangeError(
      `maximumRecordAgeSeconds of a stream mapping is ${age}; allowed are -1 and integers from ${MIN_RECORD_AGE_SECONDS}`,
    );
}

async function listShards(engine: EngineClient, streamArn: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  let after: string | undefined;
  do {
    const { StreamDescription: page } = await engine.call<{
      StreamDescription: { Shards?: Shard[]; LastEvaluatedShardId?: string };
    }>('DynamoDBStreams_20120810.DescribeStream', {
      StreamArn: streamArn,
      ...(after !== undefined && { ExclusiveStartShardId: after }),
    });
    shards.push(...(page.Shards ?? []));
    after = page.LastEvaluatedShardId;
  } while (after !== undefined);
  return shards;
}
