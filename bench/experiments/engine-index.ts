import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Candidate, candidates } from '../../local/engine/candidates.ts';
import { createEngineClient, type EngineClient } from '../../local/engine/client.ts';
import { type Engine, startEngine } from '../../local/engine/start-engine.ts';
import { temporaryFolder } from '../../local/engine/temporary.ts';
import { figure } from '../support/result.ts';

/**
 * `npm run experiment:engine`: measures the local engine in memory without indexes, and with an indexed database file
 * on a disk and in the folder that the local cloud uses. Prints the start-up time, the rate of each 10,000 writes to a
 * table with a stream and to one without, and how long the stream takes to describe and to read.
 */

const WRITES = Number(process.env.WRITES ?? 30_000);
const WRITES_PER_RATE = 10_000;
const WRITERS = 16;
const STARTS = 25;
const TABLE = 'engine-index';

const own = candidates(resolve('.freshet/engine'), console.error);
await compare('in memory, no index', own.map(withoutIndexes), tmpdir());
await compare(`indexed file in ${tmpdir()}`, own, tmpdir());
if ((await temporaryFolder()) !== tmpdir()) {
  await compare(`indexed file in ${await temporaryFolder()}`, own, await temporaryFolder());
}

async function compare(name: string, engines: readonly Candidate[], parent: string): Promise<void> {
  const temporary = await mkdtemp(join(parent, 'freshet-experiment-'));
  const start = () => startEngine({ candidates: engines, temporary });
  const print = (text: string) => console.log(`${name}: ${text}`);
  try {
    // The first start may have to create the database template.
    await (await start()).stop();
    print(`ready after ${figure(await medianStart(start))} ms, median of ${STARTS}`);
    for (const stream of [true, false]) await measure(await start(), stream, print);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function withoutIndexes(candidate: Candidate): Candidate {
  return {
    ...candidate,
    async locate() {
      const found = await candidate.locate();
      if (typeof found === 'string') return found;
      const { indexes: _, ...command } = found;
      return command;
    },
  };
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

async function measure(engine: Engine, stream: boolean, print: (text: string) => void): Promise<void> {
  const client = createEngineClient(engine.url);
  try {
    const StreamArn = await createTable(client, stream);
    const rates = await write(client);
    print(`writes/s ${stream ? 'with' : 'without'} a stream, by ${WRITES_PER_RATE}: ${rates.map(figure).join(', ')}`);
    if (stream) await readStream(client, StreamArn, print);
  } finally {
    client.close();
    await engine.stop();
  }
}

async function readStream(client: EngineClient, StreamArn: string, print: (text: string) => void): Promise<void> {
  const begin = performance.now();
  const { StreamDescription } = await client.call<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
    'DynamoDBStreams_20120810.DescribeStream',
    { StreamArn },
  );
  const described = performance.now();
  const position = { StreamArn, ShardId: StreamDescription.Shards[0]?.ShardId, ShardIteratorType: 'TRIM_HORIZON' };
  const first = await client.call<{ ShardIterator: string }>('DynamoDBStreams_20120810.GetShardIterator', position);
  await read(client, first.ShardIterator);
  const reading = performance.now() - described;
  print(
    `${WRITES} records: DescribeStream ${figure(described - begin)} ms, reading all, 100 a call, ${figure(reading)} ms`,
  );
}

/** Creates the table. Returns the ARN of its stream, if it has one. */
async function createTable(client: EngineClient, stream: boolean): Promise<string> {
  const { TableDescription } = await client.call<{ TableDescription: { LatestStreamArn: string } }>(
    'DynamoDB_20120810.CreateTable',
    {
      TableName: TABLE,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }),
    },
  );
  return TableDescription.LatestStreamArn;
}

/** Writes all items. Returns the rate of each 10,000. */
async function write(client: EngineClient): Promise<number[]> {
  const rates: number[] = [];
  const numbers = Array.from({ length: WRITES }, (_, index) => index).values();
  let begin = performance.now();
  const writer = async () => {
    for (const number of numbers) {
      const Item = { pk: { S: `entity-${number}` }, data: { S: 'x'.repeat(500) } };
      await client.call('DynamoDB_20120810.PutItem', { TableName: TABLE, Item });
      if ((number + 1) % WRITES_PER_RATE !== 0) continue;
      rates.push((1000 * WRITES_PER_RATE) / (performance.now() - begin));
      begin = performance.now();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return rates;
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
