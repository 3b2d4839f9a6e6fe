import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Candidate, candidates } from '../../local/engine/candidates.ts';
import { createEngineClient, type EngineClient } from '../../local/engine/client.ts';
import { type Engine, startEngine } from '../../local/engine/start-engine.ts';
import { cellText } from '../support/run-alone.ts';

/**
 * `npm run experiment:engine`: what the local engine does on a table with a stream, in memory and on its indexed database file. Prints
 * start-up, the rate of each further 10,000 writes, and the time of the two reads that a stream mapping makes.
 */

const WRITES = Number(process.env.WRITES ?? 30_000);
const WRITES_PER_RATE = 10_000;
const WRITERS = 16;
const STARTS = 25;
const TABLE = 'engine-index';

const storage = { memory: withoutIndexes, 'indexed file': (all: readonly Candidate[]) => all };

for (const name of ['memory', 'indexed file'] as const) {
  const temporary = await mkdtemp(join(tmpdir(), 'freshet-experiment-'));
  const own = storage[name](candidates(resolve('.freshet/engine'), console.error));
  const start = () => startEngine({ candidates: own, temporary });
  try {
    // The first one may have to make the template.
    await (await start()).stop();
    console.log(`${name}: ready after ${cellText(await medianStart(start))} ms, median of ${STARTS}`);
    await measure(name, await start());
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function withoutIndexes(all: readonly Candidate[]): Candidate[] {
  return all.map((candidate) => ({
    ...candidate,
    async locate() {
      const found = await candidate.locate();
      if (typeof found === 'string') return found;
      const { indexes: _, ...command } = found;
      return command;
    },
  }));
}

async function medianStart(start: () => Promise<Engine>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const begin = performance.now();
    const engine = await start();
    times.push(performance.now() - begin);
    await engine.stop();
  }
  return times.sort((a, b) => a - b)[STARTS >> 1] ?? Number.NaN;
}

async function measure(name: string, engine: Engine): Promise<void> {
  const client = createEngineClient(engine.url);
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const begin = performance.now();
    const result = await work();
    console.log(`${name}: ${what}: ${cellText(performance.now() - begin)} ms`);
    return result;
  };
  try {
    const StreamArn = await createTable(client);
    await write(client, (from, perSecond) => {
      console.log(`${name}: ${cellText(perSecond)} writes/s, ${from} to ${from + WRITES_PER_RATE}, ${WRITERS} at once`);
    });
    const shard = await timed(`DescribeStream of ${WRITES} records`, async () => {
      const { StreamDescription } = await client.call<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
        'DynamoDBStreams_20120810.DescribeStream',
        { StreamArn },
      );
      return StreamDescription.Shards[0]?.ShardId;
    });
    const position = { StreamArn, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' };
    const first = await client.call<{ ShardIterator: string }>('DynamoDBStreams_20120810.GetShardIterator', position);
    await timed(`reading ${WRITES} records, 100 a call`, () => read(client, first.ShardIterator));
  } finally {
    client.close();
    await engine.stop();
  }
}

/** Answers with the stream's ARN. */
async function createTable(client: EngineClient): Promise<string> {
  const { TableDescription } = await client.call<{ TableDescription: { LatestStreamArn: string } }>(
    'DynamoDB_20120810.CreateTable',
    {
      TableName: TABLE,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  );
  return TableDescription.LatestStreamArn;
}

async function write(client: EngineClient, onRate: (from: number, perSecond: number) => void): Promise<void> {
  const numbers = Array.from({ length: WRITES }, (_, index) => index).values();
  let begin = performance.now();
  const writer = async () => {
    for (const number of numbers) {
      const Item = { pk: { S: `entity-${number}` }, data: { S: 'x'.repeat(500) } };
      await client.call('DynamoDB_20120810.PutItem', { TableName: TABLE, Item });
      if ((number + 1) % WRITES_PER_RATE !== 0) continue;
      onRate(number + 1 - WRITES_PER_RATE, (1000 * WRITES_PER_RATE) / (performance.now() - begin));
      begin = performance.now();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

async function read(client: EngineClient, first: string): Promise<void> {
  let iterator = first;
  for (let count = 0; count < WRITES; ) {
    const output = await client.call<{ Records: unknown[]; NextShardIterator: string }>(
      'DynamoDBStreams_20120810.GetRecords',
      { ShardIterator: iterator, Limit: 100 },
    );
    count += output.Records.length;
    iterator = output.NextShardIterator;
  }
}
