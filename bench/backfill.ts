import { setTimeout as pause } from 'node:timers/promises';
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { lambdaClient } from '../cli/clients/invoke.ts';
import { compareCaches } from '../cli/compare/compare-caches.ts';
import type { OpenCache } from '../cli/deployment/deployment.ts';
import type { BackfillNote } from '../core/repair/backfill.ts';
import { type WatchedCloud, watchedCloud } from './support/cloud.ts';
import { countryId, countryState } from './support/events.ts';
import { preload } from './support/preload.ts';
import { type BenchmarkOptions, type BenchmarkResult, spread } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

const ENTITIES = Number(process.env.ENTITIES ?? 100_000);

/** Changes a second of the owner, well below the capacity of the machine. */
const CHANGES_PER_SECOND = 40;

/** The pairs of windows, without and with the backfill, and the length of a window. */
const PAIRS = 5;
const WINDOW_MS = 10_000;
/** What is in flight when the backfill pauses or goes on doesn't count for either side. */
const BETWEEN_MS = 3_000;

const LOOK_MS = 250;
const LONGEST_MS = 15 * 60_000;

/** The cache that is filled, and the cache whose lead time is measured meanwhile. */
const FILLED = 'warehouse';
const LIVE = 'ordering';

export const backfill = {
  name: 'backfill',
  title: 'Backfill: a new cache fills itself while the owner goes on, in the local cloud',
  async run(options: BenchmarkOptions): Promise<BenchmarkResult> {
    const watched = await watchedCloud(options.assembly);
    try {
      return await fill(watched, options);
    } finally {
      await watched.stop();
    }
  },
};

/** What a backfill of the whole type measured. */
interface Filling {
  readonly secondsOfWork: number;
  readonly memoryMb: readonly number[];
  readonly p99: readonly { readonly without: number; readonly during: number }[];
}

async function fill(watched: WatchedCloud, { onProgress }: BenchmarkOptions): Promise<BenchmarkResult> {
  onProgress(`${ENTITIES} entities: filling the tables of the owner and of ${LIVE}`);
  await preload(watched, 0, ENTITIES, [LIVE]);
  onProgress(`${ENTITIES} entities: ${FILLED} fills itself`);
  const changing = startChanges(watched);
  const cache = await watched.deployment.cacheNamed(FILLED);
  const filling = await measure(watched, cache, onProgress);
  await changing.stop();
  await watched.cloud.idle();
  for (const { cache: name, differing } of await compareCaches(watched.deployment)) {
    if (differing.length > 0) throw new Error(`${name} differs from its owner: ${differing.slice(0, 3).join('; ')}`);
  }
  const { secondsOfWork, memoryMb, p99 } = filling;
  const text = ENTITIES.toLocaleString('en-US');
  return {
    ratios: [],
    charts: [],
    tables: [
      {
        title: `${text} entities into a new cache`,
        note:
          `The owner has ${text} entities. One of two caches is empty and fills itself, at the default repairRate of ` +
          `500 states a second. The owner changes ${CHANGES_PER_SECOND} entities a second. Memory is that of the whole ` +
          'process, which runs SNS, SQS and all functions, at a tenth, half and all of the entities. At the end both ' +
          'caches equal the owner.',
        columns: ['entities/s', 'seconds', 'memory MiB at 10 %', 'at 50 %', 'at 100 %'],
        rows: [[ENTITIES / secondsOfWork, secondsOfWork, ...memoryMb]],
      },
      {
        title: 'Lead time of the other cache meanwhile',
        note:
          `In pairs of ${WINDOW_MS / 1000} s: without the backfill, which is paused meanwhile, ` +
          'and with it. The ratio is the p99 with the backfill divided by the p99 without it, in each pair.',
        columns: ['p99 ms without', 'p99 ms with', 'ratio'],
        rows: [
          [
            spread(p99.map(({ without }) => without)),
            spread(p99.map(({ during }) => during)),
            spread(p99.map(({ without, during }) => during / without)),
          ],
        ],
      },
    ],
  };
}

async function measure(
  watched: WatchedCloud,
  cache: OpenCache,
  onProgress: BenchmarkOptions['onProgress'],
): Promise<Filling> {
  const setRunning = await createSwitch(watched);
  const note = () => cache.notes.backfill('Country');
  const memoryMb: number[] = [];
  const marks = [0.1, 0.5, 1];
  const look = (now: BackfillNote | undefined) => {
    const share = (now?.sent ?? 0) / ENTITIES;
    while (memoryMb.length < marks.length && share >= (marks[memoryMb.length] ?? 2)) {
      memoryMb.push(process.memoryUsage().rss / 2 ** 20);
    }
  };
  await cache.repair.backfill('Country', { restart: true });
  let pausedMs = 0;
  const begin = performance.now();
  const p99: { without: number; during: number }[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const pauseBegin = performance.now();
    await setRunning(false);
    const without = await leadTimeOf(watched);
    await setRunning(true);
    pausedMs += performance.now() - pauseBegin;
    const during = await leadTimeOf(watched);
    look(await note());
    if ((await note())?.status === 'ready') throw new Error('the backfill ended before all pairs were measured');
    p99.push({ without, during });
    onProgress(`pair ${pair + 1}: p99 ${without} ms without, ${during} ms with; ${(await note())?.sent} sent`);
  }
  for (;;) {
    const now = await note();
    look(now);
    if (now?.status === 'ready') break;
    if (performance.now() - begin > LONGEST_MS) throw new Error('the backfill did not end in time');
    await pause(LOOK_MS);
  }
  return { secondsOfWork: (performance.now() - begin - pausedMs) / 1000, memoryMb, p99 };
}

/**
 * Creates a function that pauses the backfill and lets it go on, by the mapping of the owner's resync queue. A disabled
 * mapping receives nothing.
 */
async function createSwitch({ cloud }: WatchedCloud): Promise<(isRunning: boolean) => Promise<void>> {
  const client = lambdaClient({ endpoint: cloud.endpoints.sqs });
  const FunctionName = cloud.functions.functions().find(({ name }) => name.includes('OwnerRepair'))?.name ?? '';
  const { EventSourceMappings = [] } = await client.send(new ListEventSourceMappingsCommand({ FunctionName }));
  const found = EventSourceMappings.find(({ EventSourceArn }) => EventSourceArn?.includes('Resync'));
  return async (isRunning) => {
    await client.send(new UpdateEventSourceMappingCommand({ UUID: found?.UUID, Enabled: isRunning }));
  };
}

/** The p99 of the lead times of a window. */
async function leadTimeOf(watched: WatchedCloud): Promise<number> {
  await pause(BETWEEN_MS);
  watched.clear();
  await pause(WINDOW_MS);
  const sorted = [...(watched.leadTimesMs.get(LIVE) ?? [])].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(0.99 * sorted.length) - 1)] ?? Number.NaN;
}

/** Changes entities at a steady rate, spread over all of them. */
function startChanges({ owner }: WatchedCloud): { stop(): Promise<void> } {
  let goesOn = true;
  const work = (async () => {
    const begin = performance.now();
    const puts = new Set<Promise<unknown>>();
    for (let change = 0; goesOn; change += 1) {
      await pause(Math.max(0, begin + (1000 * change) / CHANGES_PER_SECOND - performance.now()));
      const number = (change * 7_919) % ENTITIES;
      const put = owner.put('Country', countryId(number), countryState(number, 1_000_000 + change));
      puts.add(put);
      void put.finally(() => puts.delete(put)).catch(() => undefined);
    }
    await Promise.all(puts);
  })();
  return {
    async stop() {
      goesOn = false;
      await work;
    },
  };
}

await runAlone(import.meta.url, backfill);
