import * as z from 'zod/mini';
import { alarmStatus } from '../alarms.ts';
import { flowStatus } from '../flow-status.ts';

/** null: not known yet. */
const measured = z.nullable(z.number());

const cacheView = z.object({
  cache: z.string(),
  /** Visible, in-flight and delayed messages of the cache's queue. */
  backlog: z.int(),
  /** Events a second in and out. */
  productionRate: measured,
  consumptionRate: measured,
  /** Until the backlog is worked off at these rates; null: infinite, or unknown where the rates are null. */
  drainSeconds: measured,
  /** Owner's commit to applied here, of what was applied last; null while nothing was lately. */
  leadTimeP50Ms: measured,
  leadTimeP99Ms: measured,
  /** Since each type was last known to be complete, as the cache last reported. */
  stalenessSeconds: measured,
  /** The message group that led most batches lately, and its events in those; null where no rule counts them. */
  hottestGroup: z.nullable(z.object({ group: z.string(), events: z.number() })),
});

/** What `freshet watch --json` prints at each refresh. */
export const watchView = z.object({
  /** When it was measured, ISO 8601. */
  at: z.string(),
  owners: z.array(z.object({ owner: z.string(), flow: flowStatus })),
  caches: z.array(cacheView),
  alarms: z.array(alarmStatus),
});

/** See `watchView`. */
export type WatchView = z.infer<typeof watchView>;
export type CacheView = z.infer<typeof cacheView>;
