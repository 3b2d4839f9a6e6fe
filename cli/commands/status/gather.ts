import type { Datapoint } from 'freshet-aws/internal/adapters/govern/metric-data';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { readCompleteness } from 'freshet-aws/internal/adapters/read/staleness';
import { OUTCOMES, type Outcome } from 'freshet-aws/internal/core/outcome';
import { currentBackfill } from 'freshet-aws/internal/core/repair/backfill';
import { countEntities, countFewEntities } from '../../clients/entity-count.ts';
import { isStopped } from '../../clients/functions.ts';
import { countParked } from '../../clients/parked-count.ts';
import { queueBacklogs } from '../../clients/queue.ts';
import type { Deployment, FoundCache } from '../../deployment/deployment.ts';
import { readAlarms } from '../../observe/alarms.ts';
import { readCounted, readGauges } from '../../observe/counted.ts';
import { createFactsRead } from '../../observe/facts.ts';
import { drainOf, overall } from '../../observe/figures.ts';
import { readFlowStatus } from '../../observe/flow-status.ts';
import { ALWAYS, createParts, type Parts } from '../../observe/parts.ts';
import { readStoppedFunctions } from '../../observe/stopped-functions.ts';
import type { CacheStatus, OwnerStatus, StatusReport } from './document.ts';

/** What `gatherStatus` reads. */
export interface GatherOptions {
  /** How far back from now events are counted, in milliseconds. */
  readonly sinceMs: number;
  /** Whether to count the entities of each cache and the instances of each saga, which reads whole tables. */
  readonly countAll: boolean;
}

/** The metrics and the functions of a deployment, which its owners and caches share. Undefined: could not be read. */
interface Shared {
  readonly counted: Awaited<ReturnType<typeof readCounted>> | undefined;
  readonly gauges: Awaited<ReturnType<typeof readGauges>> | undefined;
  readonly functions: Awaited<ReturnType<typeof readStoppedFunctions>> | undefined;
}

/**
 * Reads the state of a deployment: counts and gauges from CloudWatch, the current state from queues and tables. What
 * can't be read is null and named in `unread`. Throws if nothing can be read.
 */
export async function gatherStatus(deployment: Deployment, options: GatherOptions): Promise<StatusReport> {
  const nowMs = Date.now();
  const { clients, place } = deployment;
  const parts = createParts(deployment);
  const counted = parts.one('outcomes, lead times and published versions', ALWAYS, (_, progress) =>
    readCounted(deployment, options.sinceMs, nowMs, progress),
  );
  const gauges = parts.one('rates, relay delays and staleness', ALWAYS, (_, progress) =>
    readGauges(deployment, nowMs, progress),
  );
  // Apart, because states that may not be read count as read.
  const ofFunctions = createParts(deployment);
  const stopped = ofFunctions.one('states of functions', ALWAYS, (_, progress) =>
    readStoppedFunctions(deployment, (name) => isStopped(clients.functions, name).finally(progress)),
  );
  const owners = createOwnersRead(deployment, parts);
  const caches = createCachesRead(deployment, parts, options);
  const facts = createFactsRead(deployment, parts, options.countAll);
  const alarms = parts.one('alarms', ALWAYS, () => readAlarms(deployment));
  const shared = async (): Promise<Shared> => {
    const [one, other, functions] = await Promise.all([counted(nowMs), gauges(nowMs), stopped(nowMs)]);
    return { counted: one, gauges: other, functions };
  };
  const [metrics, ofOwners, ofCaches, ofFacts, raised] = await Promise.all([
    shared(),
    owners(nowMs),
    caches(nowMs),
    facts(nowMs),
    alarms(nowMs),
  ]);
  parts.requireSome();
  return {
    place,
    readAt: new Date(nowMs).toISOString(),
    sinceSeconds: options.sinceMs / 1000,
    owners: ofOwners(metrics),
    caches: ofCaches(metrics),
    ...ofFacts,
    alarms: raised ?? null,
    stoppedFunctions: [...(metrics.functions?.stopped ?? [])],
    unknownFunctions: [...(metrics.functions?.unknown ?? [])],
    unread: [...parts.unread(), ...ofFunctions.unread()],
  };
}

function createOwnersRead(deployment: Deployment, parts: Parts) {
  const { owners, clients } = deployment;
  const flows = parts.each('flow states of owners', owners, ALWAYS, (owner, nowMs) =>
    readFlowStatus(deployment, owner, nowMs),
  );
  const parked = parts.each('parked records of owners', owners, ALWAYS, ({ deployed }) =>
    countParked(clients.tables, deployed.parkingTable),
  );
  return async (nowMs: number) => {
    const [decided, counts] = await Promise.all([flows(nowMs), parked(nowMs)]);
    return ({ counted, gauges, functions }: Shared): OwnerStatus[] =>
      owners.map(({ name, deployed: { relay } }, index) => {
        const [sums, gauge] = [counted?.owners[index], gauges?.owners[index]];
        const isUnknown = functions === undefined || functions.unknown.includes(relay);
        return {
          owner: name,
          relay: isUnknown ? 'unknown' : functions.stopped.includes(relay) ? 'stopped' : 'running',
          published: total(sums?.published),
          conflated: total(sums?.conflated),
          diverted: total(sums?.diverted),
          relayDelayMs: newest(gauge?.relayDelay),
          streamUsePercent: newest(gauge?.streamUse),
          flow: decided[index] ?? null,
          setAside: counts[index] ?? null,
        };
      });
  };
}

function createCachesRead(deployment: Deployment, parts: Parts, { countAll }: GatherOptions) {
  const { caches, clients, isLocal } = deployment;
  const { queues, tables } = clients;
  const backlogs = parts.each('queues of caches', caches, ALWAYS, ({ deployed }) =>
    queueBacklog(queues, deployed.queueUrl),
  );
  const dead = parts.each('dead-letter queues of caches', caches, ALWAYS, ({ deployed }) =>
    queueBacklogs(queues, [deployed.deadLetterQueueUrl, deployed.subscriptionDeadLetterQueueUrl]),
  );
  const parked = parts.each('parked events of caches', caches, ALWAYS, ({ deployed }) =>
    countParked(tables, deployed.parkingTable),
  );
  const readiness = parts.each('readiness of caches', caches, ALWAYS, (cache) => readinessOf(deployment, cache));
  const counted = countAll || isLocal ? caches : [];
  const entities = parts.each('entities of caches', counted, ALWAYS, ({ deployed }, _, progress) => {
    const table = { client: tables, tableName: deployed.table };
    return countAll ? countEntities(table, progress) : countFewEntities(table);
  });
  return async (nowMs: number) => {
    const [lengths, letters, counts, ready, stored] = await Promise.all([
      backlogs(nowMs),
      dead(nowMs),
      parked(nowMs),
      readiness(nowMs),
      entities(nowMs),
    ]);
    return ({ counted, gauges }: Shared): CacheStatus[] =>
      caches.map(({ name }, index) => {
        const [sums, gauge, backlog = null] = [counted?.caches[index], gauges?.caches[index], lengths[index]];
        const rates = {
          productionRate: newest(gauge?.productionRate),
          consumptionRate: newest(gauge?.consumptionRate),
        };
        return {
          cache: name,
          readiness: ready[index] ?? {},
          entities: stored[index] ?? null,
          ...outcomes((outcome) => total(sums?.[outcome])),
          leadTimeP50Ms: sums === undefined ? null : overall(sums.p50, sums.samples),
          leadTimeP99Ms: sums === undefined ? null : overall(sums.p99, sums.samples),
          backlog,
          ...rates,
          drainSeconds: backlog === null ? null : drainOf(backlog, rates),
          utilisationPercent: newest(gauge?.utilisation),
          oldestAgeSeconds: newest(gauge?.oldestAge),
          stalenessSeconds: newest(gauge?.staleness),
          deadLetters: letters[index] ?? null,
          setAside: counts[index] ?? null,
        };
      });
  };
}

function outcomes(of: (outcome: Outcome) => number | null): Record<Outcome, number | null> {
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, of(outcome)])) as Record<Outcome, number | null>;
}

function total(series: readonly Datapoint[] | undefined): number | null {
  return series === undefined ? null : Math.round(series.reduce((sum, { value }) => sum + value, 0));
}

function newest(series: readonly Datapoint[] | undefined): number | null {
  return series?.at(-1)?.value ?? null;
}

/** The readiness of each type, with a request for the cache's completeness and one for 100 types. */
export async function readinessOf(
  { clients }: Pick<Deployment, 'clients'>,
  { deployed, types, notes }: Pick<FoundCache, 'deployed' | 'types' | 'notes'>,
) {
  const all = (await types()) ?? [];
  const [known, backfills] = await Promise.all([
    readCompleteness({ client: clients.tables, tableName: deployed.table }),
    notes.backfills(all),
  ]);
  const entries = all.map((type) => {
    const note = currentBackfill(backfills.get(type), known, { type, cached: undefined });
    return [type, note?.status ?? 'empty'] as const;
  });
  return Object.fromEntries(entries);
}
