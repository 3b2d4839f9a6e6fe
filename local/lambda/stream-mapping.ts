import type { EngineClient } from '../engine/client.ts';
import type { Delay } from './pause.ts';
import { readShard, type ShardReader } from './shard-reader.ts';
import type { DeliveryOptions } from './stream-batch.ts';

/** An event source mapping from a DynamoDB stream to a function. */
export interface StreamMappingOptions extends DeliveryOptions {
  readonly engine: EngineClient;
  /** Records per invocation, 1 to 10,000; one read gives at most 1,000. @default 100 */
  readonly batchSize?: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /**
   * Batches of one shard at a time, 1 to 10. Here always one, which is stricter than AWS, where order holds per item only. @default 1
   */
  readonly parallelizationFactor?: number;
  /** The timer for polling and back-off. @default - real time */
  readonly delay?: Delay;
}

export interface StreamMapping {
  /** Resolves when all that had been written before the call has been processed. */
  caughtUp(): Promise<void>;
  /** Ends the back-off that is under way, for example when the function may run again. */
  wake(): void;
  /** Stops polling. An invocation under way goes on, and its batch comes again if it is mapped anew. */
  stop(): Promise<void>;
}

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

/** Ranges: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html */
const RANGES = [
  ['batchSize', 1, 10_000],
  ['maximumRetryAttempts', -1, 10_000],
  ['maximumRecordAgeSeconds', -1, 604_800],
  ['parallelizationFactor', 1, 10],
] as const;
const DEFAULT_BATCH_SIZE = 100;
/** A shard that closes is noticed at once; this is for shards that appear otherwise. */
const DISCOVERY_MS = 1_000;

/**
 * Starts an event source mapping on a DynamoDB stream; resolves once its position is fixed, so that with `LATEST` what is written from then
 * on is delivered. Throws for an option out of range and for an unknown stream.
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

  /** Children are read after their parent, so that the order of an item's changes holds. */
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
    // An engine that does not answer now is asked again with the next tick.
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
