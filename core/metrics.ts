import type { Outcome } from './outcome.ts';
import type { SagaOutcome } from './saga/step.ts';

/** CloudWatch namespace of all metrics that Freshet emits. */
export const METRIC_NAMESPACE = 'Freshet';

/**
 * The dimension that names the emitter, as Powertools names it: the boundary whose relay, projector, report or governor
 * emits the metric, or a queue of facts or a saga.
 */
export const EMITTER_DIMENSION = 'service';

/**
 * The dimension that tells deployments apart: the name of the emitter's CloudFormation stack, which is unique in an
 * account and region.
 */
export const STACK_DIMENSION = 'stack';

/** What emits a metric. All metrics of an emitter have the same dimensions. */
export interface Emitter {
  /** The name of the boundary, queue of facts or saga. */
  readonly name: string;
  /** The name of its stack. */
  readonly stack: string;
}

/** The dimensions of every metric. Each combination of their values is a metric that CloudWatch charges for. */
export function dimensionsOf({ name, stack }: Emitter): Readonly<Record<string, string>> {
  return { [EMITTER_DIMENSION]: name, [STACK_DIMENSION]: stack };
}

/**
 * The metric that counts each outcome. Each event is counted once. Heartbeats are left out, except for those that
 * somebody must act on, such as a parked one.
 */
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

/** The projector's metrics besides the outcomes. */
export const PROJECTOR_METRICS = {
  /**
   * Events that ended, with any outcome. The consumption rate is measured from this metric. It includes heartbeats,
   * because the backlog of the queue includes them.
   */
  settled: 'Settled',
  /**
   * Milliseconds from the owner's commit to the application in the cache; one value per applied event that is no
   * heartbeat.
   */
  leadTime: 'LeadTime',
  /** Milliseconds from sending to the queue to receiving from it; one value per settled event that is no heartbeat. */
  queueTime: 'QueueTime',
  /** Milliseconds from receiving to the end of processing; one value per batch, because its groups run concurrently. */
  processingTime: 'ProcessingTime',
  /** Messages that went back to the queue after an infrastructure failure, heartbeats included. */
  returned: 'Returned',
  /** Returned messages that SQS leaves out of the age of the oldest message from their next receive on. */
  returnedOften: 'ReturnedOften',
  /** Returned messages that a throttling table refused. */
  throttled: 'Throttled',
  /** Events with the stored version but another digest: immutability was broken. */
  conflicts: 'Conflicts',
  /** Number of messages in the largest message group of a batch, leaving out the groups of heartbeats. */
  hottestGroup: 'HottestGroupEvents',
} as const;

/** Log property with the id of the largest message group, see `hottestGroup` above. It is never a dimension. */
export const HOTTEST_GROUP_PROPERTY = 'hottestGroup';

/** The metric that counts each result of a record of an owner's stream. `Failed` records are retried. */
export const RELAY_METRICS = {
  /** Published versions, without heartbeats; 0 for a batch that published only heartbeats. */
  published: 'Published',
  expired: 'Expired',
  beforeEpoch: 'BeforeEpoch',
  diverted: 'Diverted',
  failed: 'Failed',
  /** Versions that weren't published because a newer version of the entity was published instead. */
  conflated: 'Conflated',
} as const;

/**
 * Milliseconds from the owner's commit to the publication; one value per batch, for its oldest record. Heartbeats are
 * included, so that a relay of an owner without changes has a value too.
 */
export const RELAY_DELAY_METRIC = 'RelayDelay';

/** What waits in the outbox of an owner in PostgreSQL; one value for each scheduled run of its relay. */
export const OUTBOX_METRICS = {
  /** Rows that the relay hasn't published, at most 100,000. */
  rows: 'OutboxRows',
  /** How long the oldest row has waited, in seconds. */
  age: 'OutboxAge',
} as const;

/** The adopter's metrics: what the records of an existing table's stream led to. `Failed` records are retried. */
export const ADOPT_METRICS = {
  /** Committed versions, deletions included. */
  committed: 'Adopted',
  /** Records that changed nothing. */
  unchanged: 'AdoptUnchanged',
  /** Items that expired, where that is no deletion. */
  expired: 'AdoptExpired',
  /** Changes that can't be published, such as one that didn't raise the version. */
  setAside: 'AdoptSetAside',
  failed: 'AdoptFailed',
  /** Milliseconds from the change to its copy; one value per batch, for its oldest record. */
  delay: 'AdoptDelay',
} as const;

/** The metrics of a survey of an existing table. */
export const SURVEY_METRICS = {
  /** Entities that were compared. */
  compared: 'Surveyed',
  /** Copies that a later survey than the first one mended, deletions included. The stream has lost their changes. */
  mended: 'SurveyMended',
  /** Items that can't be published. */
  refused: 'SurveyRefused',
  /** 1 while the adopter doesn't read the table's stream, else 0. */
  stopped: 'AdopterStopped',
  /** 1 while no survey has ended for twice the time after which the next one is due, else 0. */
  overdue: 'SurveyOverdue',
} as const;

/** The metrics of a cache's report, emitted once per control interval. Rates are per second. */
export const REPORT_METRICS = {
  /** Visible, in-flight and delayed messages of the queue, heartbeats included. */
  backlog: 'Backlog',
  productionRate: 'ProductionRate',
  consumptionRate: 'ConsumptionRate',
  /** Production divided by consumption, in percent; only while events are consumed. */
  utilisation: 'Utilisation',
  /** Drain time in seconds; only while it is finite. */
  drainTime: 'DrainTime',
  /** Age of the oldest message in seconds. */
  oldestAge: 'OldestAge',
  /** Staleness of the cache's stalest type in seconds; only while it is finite. */
  staleness: 'Staleness',
  /** Parked and held events in the parking table. */
  parked: 'SetAside',
} as const;

/**
 * Entities in which an inventory found that the cache differed from its owner, and that the owner's state has mended.
 * Something lost their events.
 */
export const HEALED_METRIC = 'Healed';

/**
 * Entities that differ from their owner at the end of an inventory, and that only a person can judge.
 */
export const DIFFERING_METRIC = 'Differing';

/** How often an owner was asked again for a page that doesn't come. The report emits it only while one is missing. */
export const ASKED_AGAIN_METRIC = 'AskedAgain';

/** The metrics of an owner's governor, emitted once per control interval. */
export const GOVERNOR_METRICS = {
  /** 0 normal, 1 paced, 2 refusing. */
  flowState: 'FlowState',
  /** Admitted writes a second; only while paced. */
  pace: 'Pace',
  /** Caches that may slow the owner and whose report is missing or too old. */
  reportsMissing: 'ReportsMissing',
  /** Records that are committed but not yet published. */
  streamBacklog: 'StreamBacklog',
  /** Age of the oldest unpublished record, in percent of the stream's 24 hours. */
  streamUse: 'StreamUse',
} as const;

/** The metric that counts each outcome of a saga. The value of its dimension is the saga's name. */
export const SAGA_METRICS = {
  waiting: 'SagaWaiting',
  decided: 'SagaDecided',
  cancelled: 'SagaCancelled',
  'cancelled-late': 'SagaCancelledLate',
  duplicate: 'SagaDuplicate',
  repeated: 'SagaRepeated',
  'after-decision': 'SagaAfterDecision',
  'after-cancellation': 'SagaAfterCancellation',
  overdue: 'SagaOverdue',
} as const satisfies Record<SagaOutcome, string>;
