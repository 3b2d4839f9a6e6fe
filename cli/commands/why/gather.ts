import { freshetMetric, metricData } from 'freshet-aws/internal/adapters/govern/metric-data';
import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { readReadiness } from 'freshet-aws/internal/adapters/read/readiness';
import { recordedAtMs } from 'freshet-aws/internal/adapters/relay/failure';
import type { CachedType } from 'freshet-aws/internal/core/contract/contract';
import { type EntityRef, messageGroupId, printable } from 'freshet-aws/internal/core/entity';
import { RELAY_DELAY_METRIC, REPORT_METRICS } from 'freshet-aws/internal/core/metrics';
import { isTombstone, type OwnedEntity } from 'freshet-aws/internal/core/own/own';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import { type CachedRecord, compare } from 'freshet-aws/internal/core/repair/compare';
import { parkedKeyText } from 'freshet-aws/internal/core/repair/parked-key';
import { isStopped } from '../../clients/functions.ts';
import type { Deployment, FoundCache, FoundOwner } from '../../deployment/deployment.ts';
import { onlyOne } from '../../deployment/names.ts';
import { drainOf, finestPeriod } from '../../observe/figures.ts';
import type { Findings, Parked } from './findings.ts';

/** How old the newest value of a gauge may be. */
const GAUGE_LIFE_MS = 5 * 60_000;

/** Reads whether a function is stopped; see `isStopped`. */
type StoppedRead = (functionName: string) => Promise<boolean | undefined>;

/** Reads everything that is known of the way of an entity into a cache. */
export function gatherFindings(
  deployment: Deployment,
  cache: FoundCache,
  entity: EntityRef,
  nowMs: number,
): Promise<Findings> {
  return createGather(deployment, entity, nowMs)(cache);
}

/**
 * Creates the read of the ways of an entity into several caches. The owner's part is read once for all of them.
 *
 * @param read default: a request for each function
 */
export function createGather(
  deployment: Deployment,
  entity: EntityRef,
  nowMs: number,
  read: StoppedRead = (name) => isStopped(deployment.clients.functions, name),
): (cache: FoundCache) => Promise<Findings> {
  const owners = new Map<FoundOwner, Map<boolean, ReturnType<typeof ownerOf>>>();
  const ownerPart = (owner: FoundOwner, kept: CachedType | undefined) => {
    // Without contracts, nothing says which types of an adopting owner are adopted.
    const isAdopted = kept === undefined || kept.contract.adopted !== undefined;
    const known = owners.get(owner) ?? new Map<boolean, ReturnType<typeof ownerOf>>();
    const part = known.get(isAdopted) ?? ownerOf(deployment, owner, entity, { isAdopted, nowMs, read });
    owners.set(owner, known.set(isAdopted, part));
    return part;
  };
  return (cache) => findingsOf(deployment, cache, entity, { nowMs, read, ownerPart });
}

/** What is the same for all caches of an entity. */
interface Shared {
  readonly nowMs: number;
  readonly read: StoppedRead;
  readonly ownerPart: (owner: FoundOwner, kept: CachedType | undefined) => ReturnType<typeof ownerOf>;
}

async function findingsOf(
  deployment: Deployment,
  cache: FoundCache,
  entity: EntityRef,
  { nowMs, read, ownerPart }: Shared,
): Promise<Findings> {
  const boundary = (await cache.types()) === undefined ? undefined : (await cache.open()).boundary;
  const kept = boundary?.caches[entity.type];
  const found =
    kept === undefined
      ? await deployment.holderOf(entity)
      : onlyOne(
          deployment.owners.filter(({ name }) => name === kept.contract.owner),
          `owners are named "${kept.contract.owner}"`,
        );
  const [owner, { record, isDamaged }, ofCache] = await Promise.all([
    found && ownerPart(found, kept),
    recordOf(cache, entity),
    stateOf(deployment, cache, entity, { nowMs, read }),
  ]);
  return {
    ...entity,
    nowMs,
    owner,
    cache: {
      name: cache.name,
      keeps: boundary && kept !== undefined,
      fields: kept?.fields,
      onPoison: kept?.onPoison,
      record,
      isDamaged,
      ...ofCache,
    },
    difference: owner && differenceOf(owner.owned, record, kept),
  };
}

/** The cache's item of the entity. An item that Freshet didn't write can't be read. */
async function recordOf({ records }: FoundCache, entity: EntityRef) {
  try {
    return { record: await records.get(entity), isDamaged: false };
  } catch (error) {
    if (error instanceof Error && '$metadata' in error) throw error;
    return { record: undefined, isDamaged: true };
  }
}

/** Without contracts, only versions and digests are compared. */
function differenceOf(owned: OwnedEntity | undefined, record: CachedRecord | undefined, kept: CachedType | undefined) {
  if (kept !== undefined) return compare(owned, record, kept);
  if (record === undefined || record.version === 0)
    return owned === undefined || isTombstone(owned) ? 'equal' : 'missing';
  if (owned === undefined) return 'unowned';
  if (record.version !== owned.version) return record.version < owned.version ? 'behind' : 'ahead';
  return record.digest === owned.digest ? 'equal' : 'different';
}

async function ownerOf(
  deployment: Deployment,
  { name, deployed, records, parked }: FoundOwner,
  entity: EntityRef,
  { isAdopted, nowMs, read }: { readonly isAdopted: boolean } & Pick<Shared, 'nowMs' | 'read'>,
): Promise<NonNullable<Findings['owner']>> {
  const { metrics } = deployment.clients;
  const emitter = { name, stack: deployed.stack };
  const copier = isAdopted ? deployed.adopter : undefined;
  const [adopter, owned, isRelayStopped, gauges, events] = await Promise.all([
    copier === undefined ? undefined : { isStopped: await read(copier) },
    records.get(entity),
    read(deployed.relay),
    metricData(metrics, { delay: freshetMetric(emitter, RELAY_DELAY_METRIC, 'Maximum') }, gaugeSpan(deployment, nowMs)),
    parked.ofGroup(messageGroupId(entity)),
  ]);
  const relayDelayMs = gauges.delay.at(-1)?.value ?? null;
  const hasOutbox = deployed.role === 'postgres-owner';
  return { name, owned, adopter, hasOutbox, isRelayStopped, relayDelayMs, parked: events.map(parkedOf) };
}

async function stateOf(
  deployment: Deployment,
  { name, deployed, parked }: FoundCache,
  entity: EntityRef,
  { nowMs, read }: Pick<Shared, 'nowMs' | 'read'>,
) {
  const { metrics, queues, tables } = deployment.clients;
  const emitter = { name, stack: deployed.stack };
  const rates = {
    in: freshetMetric(emitter, REPORT_METRICS.productionRate, 'Average'),
    out: freshetMetric(emitter, REPORT_METRICS.consumptionRate, 'Average'),
  };
  const [readiness, events, isProjectorStopped, backlog, gaps, dead, undelivered, gauges] = await Promise.all([
    readReadiness({ client: tables, tableName: deployed.table }, entity.type),
    parked.ofGroup(messageGroupId(entity)),
    read(deployed.projector),
    queueBacklog(queues, deployed.queueUrl),
    queueBacklog(queues, deployed.gapQueueUrl),
    queueBacklog(queues, deployed.deadLetterQueueUrl),
    queueBacklog(queues, deployed.subscriptionDeadLetterQueueUrl),
    metricData(metrics, rates, gaugeSpan(deployment, nowMs)),
  ]);
  const newest = { productionRate: gauges.in.at(-1)?.value ?? null, consumptionRate: gauges.out.at(-1)?.value ?? null };
  return {
    readiness,
    parked: events.map(parkedOf),
    isProjectorStopped,
    backlog,
    drainSeconds: drainOf(backlog, newest),
    gaps,
    deadLetters: dead + undelivered,
  };
}

function gaugeSpan(deployment: Deployment, nowMs: number) {
  const periodSeconds = finestPeriod(deployment);
  return { fromMs: nowMs - GAUGE_LIFE_MS, toMs: nowMs + periodSeconds * 1000, periodSeconds };
}

function parkedOf({ message, status, reason, explanation, version, parkedAtMs }: ParkedEvent): Parked {
  const key = parkedKeyText(message);
  const changedAtMs = recordedAtMs(message) ?? message.sentAtMs;
  return { key, status, reason, explanation: printable(explanation), version, parkedAtMs, changedAtMs };
}
