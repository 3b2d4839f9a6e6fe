import type { Outcome } from './outcome.ts';

/** CloudWatch namespace of everything that Freshet emits. */
export const METRIC_NAMESPACE = 'Freshet';

/** The one dimension of every metric, under Powertools' name for it: the boundary, whose relay or projector speaks. */
export const BOUNDARY_DIMENSION = 'service';

/** Metric that counts each outcome; one event, one count. */
export const OUTCOME_METRICS = {
  applied: 'Applied',
  superseded: 'Superseded',
  duplicate: 'Duplicate',
  outdated: 'Outdated',
  gap: 'Gap',
  discarded: 'Discarded',
  parked: 'Parked',
  held: 'Held',
} as const satisfies Record<Outcome, string>;

/** Milliseconds from the owner's commit to applied in the cache; one value per applied event. */
export const LEAD_TIME_METRIC = 'LeadTime';

/** Messages that went back to the queue after an infrastructure failure. */
export const RETURNED_METRIC = 'Returned';

/** What became of the records of an owner's stream; `Failed` ones are tried again. */
export const RELAY_METRICS = {
  published: 'Published',
  expired: 'Expired',
  beforeEpoch: 'BeforeEpoch',
  diverted: 'Diverted',
  failed: 'Failed',
} as const;
