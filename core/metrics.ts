import type { Outcome } from './outcome.ts';
import type { SagaOutcome } from './saga/step.ts';

/** CloudWatch namespace of everything that Freshet emits. */
export const METRIC_NAMESPACE = 'Freshet';

/** The one dimension of every metric, under Powertools' name for it: the boundary, whose relay, projector, report or governor speaks. */
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

/** What a projector says of its time and its failures, beside the outcomes. */
export const PROJECTOR_METRICS = {
  /** Every event that ended, whatever its outcome: what consumption is measured by. */
  settled: 'Settled',
  /** Milliseconds from the owner's commit to applied in the cache; one value per applied event. */
  leadTime: 'LeadTime',
  /** Milliseconds from sent to the queue to received; one value per settled event. */
  queueTime: 'QueueTime',
  /** Milliseconds from received to done; one value per batch, whose groups run side by side. */
  processingTime: 'ProcessingTime',
  /** Messages that went back to the queue after an infrastructure failure. */
  returned: 'Returned',
  /** Those of them that SQS leaves out of the age of the oldest from their next receive on. */
  returnedOften: 'ReturnedOften',
  /** Those of them that a throttling table refused. */
  throttled: 'Throttled',
  /** Events that had the version of what is stored and another digest: immutability was broken. */
  conflicts: 'Conflicts',
  /** Messages of a batch that were of the group which most were of. */
  hottestGroup: 'HottestGroupEvents',
} as const;

/** That group's id, beside the metrics as a property of the log line and never as a dimension: see `hottestGroup` above. */
export const HOTTEST_GROUP_PROPERTY = 'hottestGroup';

/** What became of the records of an owner's stream; `Failed` ones are tried again. */
export const RELAY_METRICS = {
  published: 'Published',
  expired: 'Expired',
  beforeEpoch: 'BeforeEpoch',
  diverted: 'Diverted',
  failed: 'Failed',
  /** Versions that left inside a newer one of the same entity. */
  conflated: 'Conflated',
} as const;

/** Milliseconds from the owner's commit to published; one value per batch, that of its oldest record. */
export const RELAY_DELAY_METRIC = 'RelayDelay';

/** What a cache's report says once per control interval. Rates are per second. */
export const REPORT_METRICS = {
  /** Messages that wait in the queue or are under way. */
  backlog: 'Backlog',
  productionRate: 'ProductionRate',
  consumptionRate: 'ConsumptionRate',
  /** Production by consumption, percent; only while something is consumed. */
  utilisation: 'Utilisation',
  /** Seconds; only where it is finite. */
  drainTime: 'DrainTime',
  /** Age of the oldest message, seconds. */
  oldestAge: 'OldestAge',
  /** Since each type of the cache was last known to be complete, seconds. */
  staleness: 'Staleness',
  /** Events that lie in the parking table, parked or held. */
  setAside: 'SetAside',
} as const;

/** What an owner's governor says once per control interval. */
export const GOVERNOR_METRICS = {
  /** 0 normal, 1 paced, 2 refusing. */
  flowState: 'FlowState',
  /** Writes a second that are admitted; only while paced. */
  pace: 'Pace',
  /** Caches that may slow the owner and whose report is missing or too old. */
  reportsMissing: 'ReportsMissing',
  /** Committed and not yet published. */
  streamBacklog: 'StreamBacklog',
  /** How much of the stream's 24 hours the oldest unpublished record has used, percent. */
  streamUse: 'StreamUse',
} as const;

/** Metric that counts each outcome of a saga, whose name stands where a boundary's does. */
export const SAGA_METRICS = {
  waiting: 'SagaWaiting',
  decided: 'SagaDecided',
  cancelled: 'SagaCancelled',
  'cancelled-late': 'SagaCancelledLate',
  duplicate: 'SagaDuplicate',
  repeated: 'SagaRepeated',
  'after-cancellation': 'SagaAfterCancellation',
  overdue: 'SagaOverdue',
} as const satisfies Record<SagaOutcome, string>;
