import * as z from 'zod/mini';
import { alarmStatus } from '../../observe/alarms.ts';
import { type FactQueueStatus, factQueueStatus, sagaStatus } from '../../observe/facts.ts';
import { flowStatus } from '../../observe/flow-status.ts';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { typed } from '../../output/typed.ts';

/** null: it could not be read; see `unread`. */
const count = z.nullable(z.int());
/** null: not measured yet, or it could not be read. */
const measured = z.nullable(z.number());

const ownerStatus = z.object({
  owner: z.string(),
  /** Whether the relay runs. While it is stopped, changes wait in the stream. `unknown`: that may not be read. */
  relay: z.enum(['running', 'stopped', 'unknown']),
  published: count,
  /** Versions that were published as part of a newer version of the same entity. */
  conflated: count,
  diverted: count,
  /** Time from commit to publication, for the oldest event in the newest batches. */
  relayDelayMs: measured,
  /** How long the oldest unpublished change has waited, in percent of the 24 hours that the stream keeps it. */
  streamUsePercent: measured,
  /** null: it could not be read. */
  flow: z.nullable(flowStatus),
  /** Parked records: the owner could not publish them. */
  setAside: count,
});

const cacheStatus = z.object({
  cache: z.string(),
  /** The progress of each type's backfill; empty if the types are unknown, or if it could not be read. */
  readiness: z.record(z.string(), z.enum(['empty', 'filling', 'ready'])),
  /** Entities in the cache, without deleted ones; null if they weren't counted. */
  entities: count,
  applied: count,
  superseded: count,
  outdated: count,
  duplicate: count,
  gap: count,
  discarded: count,
  parked: count,
  held: count,
  /** Time from the owner's commit to the application in the cache; null while nothing was applied. */
  leadTimeP50Ms: measured,
  leadTimeP99Ms: measured,
  /** Visible, in-flight and delayed messages of the cache's queue. */
  backlog: count,
  /** Events per second into and out of the cache, from its last report. */
  productionRate: measured,
  consumptionRate: measured,
  /** Time until the backlog is drained at these rates; null if it doesn't drain, or if the rates are null. */
  drainSeconds: measured,
  /** Production divided by consumption. Above 100 the backlog grows. */
  utilisationPercent: measured,
  oldestAgeSeconds: measured,
  /** Time since the cache was last known to be complete with each of its types. */
  stalenessSeconds: measured,
  /** Messages in the dead-letter queues of the cache and of its subscription. They will be parked soon. */
  deadLetters: count,
  /** Events in the parking table: parked or held. */
  setAside: count,
});

/** The state of a deployment, as `freshet status --json` prints it. */
export const statusReport = z.object({
  /** The local cloud, or AWS and the region. */
  place: z.string(),
  /** When the state was read, ISO 8601. */
  readAt: z.string(),
  /** How far back the counts and lead times go. */
  sinceSeconds: z.number(),
  owners: z.array(ownerStatus),
  caches: z.array(cacheStatus),
  /** The queues of facts that functions of services handle. */
  factQueues: z.array(factQueueStatus),
  sagas: z.array(sagaStatus),
  /** null: they could not be read. */
  alarms: z.nullable(z.array(alarmStatus)),
  /** The names of the functions that are stopped. */
  stoppedFunctions: z.array(z.string()),
  /** The names of the functions of which that may not be read. */
  unknownFunctions: z.array(z.string()),
  /** What could not be read, with the reasons. Its values are null. */
  unread: z.array(z.string()),
});

/** See `statusReport`. */
export type StatusReport = z.infer<typeof statusReport>;
export type OwnerStatus = z.infer<typeof ownerStatus>;
export type CacheStatus = z.infer<typeof cacheStatus>;

/** Why a queue may receive no new facts. */
function stopped(queue: string, delivery: FactQueueStatus['delivery'], on: DeploymentOptions): string[] {
  const resume = `see: ${typed(`replay ${queue} --resume`, on)}`;
  if (delivery === 'missing') return [`${queue}: a subscription was deleted. Deploy the stack of the queue again`];
  if (delivery === 'paused') return [`${queue}: it receives no new facts since a bounded replay ended, ${resume}`];
  return delivery === 'failed' ? [`${queue}: a replay failed, and it may receive no new facts, ${resume}`] : [];
}

/** Whether a count is known and not zero. */
function isSome(count: number | null): boolean {
  return count !== null && count > 0;
}

/**
 * The reasons why a person is needed; empty if no person is needed. A paced owner recovers without a person.
 *
 * @param on the options that named the deployment
 */
export function troubles(report: StatusReport, on: DeploymentOptions = {}): string[] {
  const { owners, caches, factQueues, sagas, alarms, stoppedFunctions } = report;
  const when = (holds: boolean, trouble: string) => (holds ? [trouble] : []);
  const parked = (name: string, events: number | null, what = 'events') =>
    when(isSome(events), `${name}: ${events} parked ${what}, see: ${typed(`parked list ${name}`, on)}`);
  const dead = (name: string, letters: number | null) =>
    when(isSome(letters), `${name}: ${letters} dead letters, which will be parked soon`);
  const facts = ({ queue, ...its }: FactQueueStatus, what: string) => [
    ...parked(queue, its.parked, what),
    ...when(isSome(its.deadLetters), `${queue}: ${its.deadLetters} ${what} in its dead-letter queues`),
    ...stopped(queue, its.delivery, on),
  ];
  return [
    ...owners.flatMap(({ owner, relay, setAside, flow }) => [
      ...when(relay === 'stopped', `${owner}: its relay is stopped`),
      ...when(flow?.state === 'refusing', `${owner}: it refuses writes`),
      ...parked(owner, setAside),
    ]),
    ...caches.flatMap(({ cache, setAside, deadLetters }) => [...parked(cache, setAside), ...dead(cache, deadLetters)]),
    ...factQueues.flatMap((queue) => facts(queue, 'facts')),
    ...sagas.flatMap(({ saga, effectQueues, effectFailures, ...ofFacts }) => [
      ...facts({ queue: saga, ...ofFacts }, 'facts'),
      ...effectQueues.flatMap((queue) => facts(queue, 'effects')),
      ...when(isSome(effectFailures), `${saga}: Lambda gave up on ${effectFailures} effects`),
    ]),
    ...(alarms ?? []).map(({ name, description }) => `alarm ${name}: ${description}`),
    ...stoppedFunctions.map((name) => `the function ${name} is stopped`),
  ];
}
