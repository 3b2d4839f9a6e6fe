import { setTimeout as pause } from 'node:timers/promises';
import type { Owner } from '../adapters/own/owner-table.ts';
import { compareCaches } from '../cli/compare-caches.ts';
import { ownerOf } from '../cli/session.ts';
import { leadTime, type WatchedCloud, watchedCloud } from './support/cloud.ts';
import { countryId, countryState } from './support/events.ts';
import { preload } from './support/preload.ts';
import type { BenchmarkOptions, BenchmarkResult, Table } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

/** Sizes of the growth run, each filled up from the one before. */
const SIZES = [100, 1_000, 10_000, 100_000];

/** A size whose filling would end later than this is left out, and said to be. */
const GROWTH_LIMIT_MS = 420_000;

/** Commits under way at once while everything is written as fast as it goes. */
const WRITERS = 32;

export const endToEnd = {
  name: 'end-to-end',
  title: "End to end: from the owner's commit into two caches, in the local cloud",
  async run(options: BenchmarkOptions): Promise<BenchmarkResult> {
    const saturated = await withCloud(options, (watched) => tenThousandEvents(watched, options));
    const growth = await withCloud(options, (watched) => grow(watched, options));
    const sizes = growth.map(({ entities }) => entities.toLocaleString('en-US'));
    return {
      ratios: [],
      tables: [...saturated, growthTable(growth)],
      charts: [
        {
          file: 'growth-speed',
          title: 'Events per second into two caches, by entities',
          ...{ unit: 'events/s', kind: 'line', categories: sizes },
          series: [{ name: 'events/s', values: growth.map(({ eventsPerSecond }) => eventsPerSecond) }],
        },
        {
          file: 'growth-lead-time',
          title: `Lead time at ${PACE_PER_SECOND} changes a second, by entities`,
          ...{ unit: 'ms', kind: 'line', categories: sizes },
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

/** Commits states of entities as fast as it goes: `versions` of each of `numbers`, an entity's one after the other. */
async function write(
  { session }: WatchedCloud,
  numbers: readonly number[],
  versions: readonly number[],
): Promise<void> {
  const { owner } = ownerOf(session, 'Country');
  const waiting = numbers.values();
  const writer = async () => {
    for (const number of waiting) {
      for (const version of versions) await put(owner, number, version);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

/** A put that a busy machine made time out is tried again: the same state twice is one change. */
async function put(owner: Owner, number: number, version: number, attempts = 5): Promise<void> {
  try {
    await owner.put('Country', countryId(number), countryState(number, version));
  } catch (error) {
    if (attempts === 1) throw error;
    await put(owner, number, version, attempts - 1);
  }
}

/** From `first` on. */
function range(length: number, first = 0): number[] {
  return Array.from({ length }, (_, index) => first + index);
}

async function tenThousandEvents(watched: WatchedCloud, { onProgress }: BenchmarkOptions): Promise<Table[]> {
  const { cloud } = watched;
  onProgress('10,000 events over 1,000 entities: warming up');
  await write(watched, range(200), [0]);
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
      'Written as fast as 32 writers can, so lead time is mostly backlog: commits and all the rest share the same cores. CPU is of the whole process: ' +
      'owner, SNS, SQS, mappings and functions, without the engine. All caches equal the owner at the end.',
    columns: ['events/s', 'seconds', 'of which writing', 'lead time p50 ms', 'lead time p99 ms', 'CPU ms/event'],
    rows: [
      [
        ...[events / seconds, seconds, writtenSeconds, leadTime(watched, 50), leadTime(watched, 99)],
        (user + system) / 1000 / events,
      ],
    ],
  };
  return [fast, requestTable(watched, events)];
}

function requestTable({ published, invocations, session }: WatchedCloud, events: number): Table {
  const counts = invocations();
  const relay = ownerOf(session, 'Country').deployed.relay;
  const projectors = session.caches.map(({ boundary, deployed }) => {
    return { name: boundary.name, batches: counts.get(deployed.projector) ?? 0 };
  });
  return {
    title: 'SNS, SQS and Lambda requests per event in that run',
    note:
      'PublishBatch calls and invocations are counted. SQS requests are derived: on AWS each batch that a mapping hands to a function took a ' +
      'receive and a batch delete at least, and a queue without messages is still polled. SNS delivers to SQS without a request of ours.',
    columns: ['what', 'in the run', 'events each', 'per event'],
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

/** Events that are written as fast as it goes at each size. */
const FAST_EVENTS = 2_000;

/** Changes a second while lead time is measured, well below what the machine can do. */
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
      onProgress(`${entities} entities: left out, it would take until ${Math.round(endsAtMs / 1000)} s`);
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

/** Changes that are spread over the entities and over time. */
async function paced({ cloud, session }: WatchedCloud, entities: number): Promise<void> {
  const { owner } = ownerOf(session, 'Country');
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
      `The tables of owner and caches are filled to the size past the pipeline; then ${FAST_EVENTS} changes spread over all entities are written as fast as it ` +
      `goes (events/s), and ${PACED_CHANGES} more at ${PACE_PER_SECOND} a second (lead time). Memory is the whole process, engine excluded. All caches equal ` +
      `the owner at the end.${missing.length > 0 ? ` Left out for lack of time: ${missing.join(', ')}.` : ''}`,
    columns: ['entities', 'events/s', 'lead time p50 ms', 'lead time p99 ms', 'memory MiB'],
    rows: steps.map(({ entities, eventsPerSecond, p50, p99, memoryMb }) => {
      return [entities, eventsPerSecond, p50, p99, memoryMb];
    }),
  };
}

async function allEqual({ session }: WatchedCloud): Promise<void> {
  for (const { cache, differing } of await compareCaches(session)) {
    if (differing.length > 0) throw new Error(`${cache} differs from its owner: ${differing.slice(0, 3).join('; ')}`);
  }
}

await runAlone(import.meta.url, endToEnd);
