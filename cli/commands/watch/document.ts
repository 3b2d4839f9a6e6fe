import * as z from 'zod/mini';
import { alarmStatus } from '../../observe/alarms.ts';
import { flowStatus } from '../../observe/flow-status.ts';

/** null: not known yet. */
const measured = z.nullable(z.number());

/** null: it could not be read. */
const known = z.nullable(z.int());

const cacheView = z.object({
  cache: z.string(),
  /** Visible, in-flight and delayed messages of the cache's queue. */
  backlog: known,
  /** Events per second into and out of the cache. */
  productionRate: measured,
  consumptionRate: measured,
  /** Time until the backlog is drained at these rates; null if it doesn't drain, or if the rates are null. */
  drainSeconds: measured,
  /** From the owner's commit to the application in the cache, of recent events; null if there were none. */
  leadTimeP50Ms: measured,
  leadTimeP99Ms: measured,
  /** Time since the cache was last known to be complete with each of its types, as it last reported. */
  stalenessSeconds: measured,
  /**
   * The message group that was most often the hottest of its batch, and its events in those batches; null if no rule
   * counts them.
   */
  hottestGroup: z.nullable(z.object({ group: z.string(), events: z.number() })),
});

const sagaView = z.object({
  saga: z.string(),
  /** Instances that wait for facts; null on AWS and for a saga with many instances, because counting reads all. */
  waiting: known,
  /** Waiting instances whose deadline has passed and for which no alert has been raised yet. */
  due: known,
  /** Visible, in-flight and delayed facts in the saga's queue. */
  backlog: known,
  /** Effects that failed and are retried. */
  effectBacklog: known,
});

/** One refresh, as `freshet watch --json` prints it. */
export const watchView = z.object({
  /** When the figures were read, ISO 8601. */
  at: z.string(),
  owners: z.array(z.object({ owner: z.string(), flow: z.nullable(flowStatus) })),
  caches: z.array(cacheView),
  /** The queues of facts that functions of services handle. */
  factQueues: z.array(z.object({ queue: z.string(), backlog: known })),
  sagas: z.array(sagaView),
  /** null: they could not be read. */
  alarms: z.nullable(z.array(alarmStatus)),
  /** The names of the functions that are stopped. */
  stoppedFunctions: z.array(z.string()),
  /** The names of the functions of which that may not be read. */
  unknownFunctions: z.array(z.string()),
  /** What could not be read, with the reasons. Its values are null. */
  unread: z.array(z.string()),
});

/** See `watchView`. */
export type WatchView = z.infer<typeof watchView>;
export type CacheView = z.infer<typeof cacheView>;
export type SagaView = z.infer<typeof sagaView>;
