import { setTimeout as pause } from 'node:timers/promises';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Owner } from '../adapters/own/owner.ts';
import { createOwner } from '../adapters/own/owner-table.ts';
import { compareCaches } from '../cli/compare/compare-caches.ts';
import geography from '../examples/shop/geography/contracts.ts';
import { startTables } from './support/account.ts';
import { leadTime, type WatchedCloud, watchedCloud } from './support/cloud.ts';
import { countryId, countryState } from './support/events.ts';
import { preload } from './support/preload.ts';
import { type BenchmarkOptions, type BenchmarkResult, spread, type Table } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

/** Numbers of entities in the growth run. Each size adds entities to the one before. */
const SIZES = [100, 1_000, 10_000, 100_000];

/** A size is left out, with a note, if filling its tables would end later than this. */
const GROWTH_LIMIT_MS = 420_000;

/** Commits in flight at once while writing as fast as possible. */
const WRITERS = 32;

/** Events before those that are measured. */
const WARM_UP = 5_000;

/** Writes of a round in which their CPU time is measured, and the rounds after the first. */
const WRITES = 2_000;
const WRITE_ROUNDS = 5;

export const endToEnd = {
  name: 'end-to-end',
  title: "End to end: from the owner's commit to two caches, in the local cloud",
  async run(options: BenchmarkOptions): Promise<BenchmarkResult> {
    const saturated = await withCloud(options, (watched) => tenThousandEvents(watched, options));
    const writes = await writeTable(options);
    const growth = await withCloud(options, (watched) => grow(watched, options));
    const sizes = growth.map(({ entities }) => entities.toLocaleString('en-US'));
    return {
      ratios: [],
      tables: [...saturated, writes, growthTable(growth)],
      charts: [
        {
          file: 'growth-speed',
          title: 'Events per second into two caches, by entities',
          unit: 'events/s',
          kind: 'line',
          categories: sizes,
          series: [{ name: 'events/s', values: growth.map(({ eventsPerSecond }) => eventsPerSecond) }],
        },
        {
          file: 'growth-lead-time',
          title: `Lead time at ${PACE_PER_SECOND} changes a second, by entities`,
          unit: 'ms',
          kind: 'line',
          categories: sizes,
          series: [
            { name: 'p50', values: growth.map(({ p50 }) => p50) },
            { name: 'p99', values: growth.map(({ p99 }) => p99) },
          ],
        },
      ],
    };
  },
};

async function withCloud<T>(options: BenchmarkOptions, work: (watched: WatchedCloud) => Promise<T>): Promise<T> {
  const watched = await watchedCloud(options.assembly);
  try {
    return await work(watched);
  } finally {
    await watched.stop();
  }
}

/** Commits the given versions of the given entities as fast as possible, each entity's versions in order. */
async function write({ owner }: WatchedCloud, numbers: readonly number[], versions: readonly number[]): Promise<void> {
  const waiting = numbers.values();
  const writer = async () => {
    for (const number of waiting) {
      for (const version of versions) await put(owner, number, version);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

/** Retries a put that timed out on a busy machine. Putting the same state twice is one change. */
async function put(owner: Owner, number: number, version: number, attempts = 5): Promise<void> {
  try {
    await owner.put('Country', countryId(number), countryState(number, version));
  } catch (error) {
    if (attempts === 1) throw error;
    await put(owner, number, version, attempts - 1);
  }
}

/** `length` integers from `first` on. */
function range(length: number, first = 0): number[] {
  return Array.from({ length }, (_, index) => first + index);
}

async function tenThousandEvents(watched: WatchedCloud, { onProgress }: BenchmarkOptions): Promise<Table[]> {
  const { cloud } = watched;
  onProgress('10,000 events over 1,000 entities: warming up');
  // Until the optimising compiler has compiled the functions, an event takes twice the CPU time.
  await write(watched, range(WARM_UP), [0]);
  await cloud.idle();
  watched.clear();
  onProgress('10,000 events over 1,000 entities');
  const events = 10_000;
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await write(watched, range(1_000), range(10, 1));
  const writtenSeconds = (performance.now() - begin) / 1000;
  await cloud.idle();
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await allEqual(watched);
  const fast: Table = {
    title: '10,000 events over 1,000 entities into two caches',
    note:
      '32 writers write as fast as they can. They share the cores with the pipeline, so a backlog grows, and most of ' +
      'the lead time is time in the backlog. The CPU time is that of the whole process, which runs the owner, SNS, ' +
      'SQS, mappings and functions, but not the engine. At the end all caches equal the owner.',
    columns: ['events/s', 'seconds', 'seconds of writing', 'lead time p50 ms', 'lead time p99 ms', 'CPU ms/event'],
    rows: [
      [
        events / seconds,
        seconds,
        writtenSeconds,
        leadTime(watched, 50),
        leadTime(watched, 99),
        (user + system) / 1000 / events,
      ],
    ],
  };
  return [fast, await requestTable(watched, events)];
}

/** What writes to DynamoDB cost: a third of them are the owner's, the others those of the two caches. */
async function writeTable({ assembly, onProgress }: BenchmarkOptions): Promise<Table> {
  onProgress('the CPU time of a write');
  const tables = await startTables(assembly, 0);
  try {
    const { client, raw } = tables;
    const TableName = 'written';
    await tables.create('Geography', TableName);
    const owner = createOwner({ boundary: geography, tableName: TableName, client });
    const itemOf = (number: number, version: number) => {
      const state = JSON.stringify(countryState(number, version));
      return { pk: { S: 'Country' }, id: { S: countryId(number) }, state: { S: state } };
    };
    const sides: readonly (readonly [string, (number: number, version: number) => Promise<unknown>])[] = [
      ['`owner.put`: UpdateItem', (number, version) => put(owner, number, version)],
      [
        'PutItem by the SDK',
        (number, version) => client.send(new PutItemCommand({ TableName, Item: itemOf(number, version) })),
      ],
      [
        'PutItem by plain HTTP',
        (number, version) => raw.call('DynamoDB_20120810.PutItem', { TableName, Item: itemOf(number, version) }),
      ],
    ];
    const cpuMs = sides.map((): number[] => []);
    for (let round = 0; round <= WRITE_ROUNDS; round += 1) {
      for (const [index, [, write]] of sides.entries()) {
        const took = await writeAll(write, round);
        if (round > 0) cpuMs[index]?.push(took);
      }
    }
    return {
      title: 'CPU time of a write',
      note:
        'Each event above takes three writes to DynamoDB: one by its owner and one by each cache. The figures are the ' +
        'CPU time of the process that writes, without the engine. The SDK signs, serialises and retries; plain HTTP ' +
        "does nothing of it, which shows the SDK's share. On two cores, three writes by the SDK and the engine's own " +
        'time leave no room for 1,500 events a second.',
      columns: ['write', 'CPU ms'],
      rows: sides.map(([name], index) => [name, spread(cpuMs[index] ?? [])]),
    };
  } finally {
    await tables.stop();
  }
}

/** Writes `WRITES` states with `WRITERS` at once. Returns the CPU time of a write, ms. */
async function writeAll(
  write: (number: number, version: number) => Promise<unknown>,
  version: number,
): Promise<number> {
  const waiting = range(WRITES).values();
  const cpu = process.cpuUsage();
  const writer = async () => {
    for (const number of waiting) await write(number, version);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000 / WRITES;
}

async function requestTable({ published, invocations, deployment }: WatchedCloud, events: number): Promise<Table> {
  const counts = invocations();
  const relay = (await deployment.ownerOf('Country')).deployed.relay;
  const projectors = deployment.caches.map(({ name, deployed }) => {
    return { name, batches: counts.get(deployed.projector) ?? 0 };
  });
  return {
    title: 'SNS, SQS and Lambda requests per event in the same run',
    note:
      'PublishBatch calls and invocations are counted. SQS requests are calculated: on AWS, each batch that a ' +
      'mapping gives to a function needs at least one receive and one batch delete. AWS also polls queues without messages. ' +
      'SNS delivers to SQS without a request from Freshet.',
    columns: ['request', 'requests in the run', 'events per request', 'requests per event'],
    rows: [
      ['SNS PublishBatch', published.calls, published.entries / published.calls, published.calls / events],
      [
        'relay invocations',
        counts.get(relay) ?? 0,
        events / (counts.get(relay) ?? 0),
        (counts.get(relay) ?? 0) / events,
      ],
      ...projectors.flatMap(({ name, batches }) => [
        [`${name}: projector invocations`, batches, events / batches, batches / events],
        [`${name}: SQS receive + delete, at least`, 2 * batches, events / (2 * batches), (2 * batches) / events],
      ]),
    ],
  };
}

interface Step {
  readonly entities: number;
  readonly eventsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly memoryMb: number;
}

/** Events that are written as fast as possible at each size. */
const FAST_EVENTS = 2_000;

/** Changes a second while lead time is measured, well below the capacity of the machine. */
const PACE_PER_SECOND = 60;
const PACED_CHANGES = 240;

async function grow(watched: WatchedCloud, { onProgress }: BenchmarkOptions): Promise<Step[]> {
  const steps: Step[] = [];
  const begin = performance.now();
  let loaded = 0;
  let perEntityMs = 0;
  for (const entities of SIZES) {
    const endsAtMs = performance.now() - begin + perEntityMs * (entities - loaded);
    if (endsAtMs > GROWTH_LIMIT_MS) {
      onProgress(
        `${entities} entities: left out, because filling the tables would take until ${Math.round(endsAtMs / 1000)} s`,
      );
      break;
    }
    onProgress(`${entities} entities: filling the tables`);
    const loadBegin = performance.now();
    await preload(watched, loaded, entities);
    perEntityMs = (performance.now() - loadBegin) / (entities - loaded);
    loaded = entities;
    onProgress(`${entities} entities: measuring`);
    const changed = Math.min(entities, FAST_EVENTS);
    const spreadOut = range(changed).map((index) => Math.floor((index * entities) / changed));
    const fastBegin = performance.now();
    await write(watched, spreadOut, range(FAST_EVENTS / changed, 10_000 * (steps.length + 1)));
    await watched.cloud.idle();
    const eventsPerSecond = (1000 * FAST_EVENTS) / (performance.now() - fastBegin);
    watched.clear();
    await paced(watched, entities);
    const [p50, p99] = [leadTime(watched, 50), leadTime(watched, 99)];
    steps.push({ entities, eventsPerSecond, p50, p99, memoryMb: process.memoryUsage().rss / 2 ** 20 });
  }
  await allEqual(watched);
  return steps;
}

/** Makes changes that are spread evenly over the entities and over time. */
async function paced({ cloud, owner }: WatchedCloud, entities: number): Promise<void> {
  const begin = performance.now();
  const puts: Promise<unknown>[] = [];
  for (let change = 0; change < PACED_CHANGES; change += 1) {
    await pause(Math.max(0, begin + (1000 * change) / PACE_PER_SECOND - performance.now()));
    const number = Math.floor((entities * change) / PACED_CHANGES);
    puts.push(put(owner, number, 1_000_000 + entities + change));
  }
  await Promise.all(puts);
  await cloud.idle();
}

function growthTable(steps: readonly Step[]): Table {
  const missing = SIZES.slice(steps.length).map((size) => size.toLocaleString('en-US'));
  return {
    title: 'Growth',
    note:
      'The tables of the owner and of the caches are first filled with the given number of entities, without the ' +
      `pipeline. Then ${FAST_EVENTS} changes, spread over all entities, are written as fast as possible, which gives ` +
      `the events/s. Then ${PACED_CHANGES} more changes are written at ${PACE_PER_SECOND} a second, which gives the ` +
      'lead time. Memory is that of the whole process, without the engine. At the end all caches equal the owner.' +
      `${missing.length > 0 ? ` Left out for lack of time: ${missing.join(', ')}.` : ''}`,
    columns: ['entities', 'events/s', 'lead time p50 ms', 'lead time p99 ms', 'memory MiB'],
    rows: steps.map(({ entities, eventsPerSecond, p50, p99, memoryMb }) => {
      return [entities, eventsPerSecond, p50, p99, memoryMb];
    }),
  };
}

async function allEqual({ deployment }: WatchedCloud): Promise<void> {
  for (const { cache, differing } of await compareCaches(deployment)) {
    if (differing.length > 0) throw new Error(`${cache} differs from its owner: ${differing.slice(0, 3).join('; ')}`);
  }
}

await runAlone(import.meta.url, endToEnd);
