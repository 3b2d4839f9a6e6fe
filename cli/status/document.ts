import * as z from 'zod/mini';
import { alarmStatus } from '../alarms.ts';
import { flowStatus } from '../flow-status.ts';

const count = z.int();
/** null: nothing has told it yet. */
const measured = z.nullable(z.number());

const ownerStatus = z.object({
  owner: z.string(),
  /** Whether the relay runs; a stopped one's changes wait in the stream. */
  relay: z.enum(['running', 'stopped']),
  published: count,
  /** Versions that left inside a newer one of the same entity. */
  conflated: count,
  diverted: count,
  /** Commit to published, the oldest of the newest batches. */
  relayDelayMs: measured,
  /** How much of the stream's 24 hours the oldest unpublished change has used. */
  streamUsePercent: measured,
  flow: flowStatus,
  /** Records that lie in the parking table: they could not be published. */
  setAside: count,
});

const cacheStatus = z.object({
  cache: z.string(),
  /** How far each type was filled with what its owner had before; empty where the types aren't known. */
  readiness: z.record(z.string(), z.enum(['empty', 'filling', 'ready'])),
  /** Entities in the cache, deleted ones not counted; null where they weren't counted. */
  entities: z.nullable(count),
  applied: count,
  superseded: count,
  outdated: count,
  duplicate: count,
  gap: count,
  discarded: count,
  parked: count,
  held: count,
  /** Owner's commit to applied here; null while nothing was applied. */
  leadTimeP50Ms: measured,
  leadTimeP99Ms: measured,
  /** Visible, in-flight and delayed messages of the cache's queue. */
  backlog: count,
  /** Events a second in and out, as the cache last reported. */
  productionRate: measured,
  consumptionRate: measured,
  /** Until the backlog is worked off at these rates; null: infinite, or unknown where the rates are null. */
  drainSeconds: measured,
  /** Production by consumption: above 100 the backlog grows. */
  utilisationPercent: measured,
  oldestAgeSeconds: measured,
  /** Since each type was last known to be complete. */
  stalenessSeconds: measured,
  /** Messages in the cache's dead-letter queue and in its subscription's, which soon are set aside. */
  deadLetters: count,
  /** Events that lie in the parking table, parked or held. */
  setAside: count,
});

/** The state of everything deployed, as `freshet status --json` prints it. */
export const statusReport = z.object({
  /** Where it was read: the local cloud, or AWS and the region. */
  place: z.string(),
  /** When it was read, ISO 8601. */
  readAt: z.string(),
  /** The span that outcomes, published versions and lead times are of. */
  sinceSeconds: z.number(),
  owners: z.array(ownerStatus),
  caches: z.array(cacheStatus),
  alarms: z.array(alarmStatus),
});

/** See `statusReport`. */
export type StatusReport = z.infer<typeof statusReport>;
export type OwnerStatus = z.infer<typeof ownerStatus>;
export type CacheStatus = z.infer<typeof cacheStatus>;

/** Why a person is needed, one reason each; empty when all is well. A paced owner recovers by itself. */
export function troubles({ owners, caches, alarms }: StatusReport): string[] {
  const of = (holds: boolean, trouble: string) => (holds ? [trouble] : []);
  return [
    ...owners.flatMap(({ owner, relay, setAside, flow }) => [
      ...of(relay === 'stopped', `${owner}: its relay is stopped`),
      ...of(flow.state === 'refusing', `${owner}: refuses writes`),
      ...of(setAside > 0, `${owner}: ${setAside} set aside: freshet parked list ${owner}`),
    ]),
    ...caches.flatMap(({ cache, setAside, deadLetters }) => [
      ...of(setAside > 0, `${cache}: ${setAside} set aside: freshet parked list ${cache}`),
      ...of(deadLetters > 0, `${cache}: ${deadLetters} dead letters, which soon are set aside`),
    ]),
    ...alarms.map(({ name, description }) => `alarm ${name}: ${description}`),
  ];
}
