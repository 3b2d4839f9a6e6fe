import { Duration } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Boundary } from '../core/contract/contract.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { LIMITS } from './limits.ts';
import { assertBudget, type RetryBudget } from './retry-budget.ts';

/** A source of an owner's changes: an `EntityOwner`, a `ChangeTopic` or an `ImportedSource`. */
export interface ChangeSource {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /** SNS FIFO topic of every version. */
  readonly topic: ITopic;
  /** The queue in which the cache requests an entity's whole state after it missed a change. */
  readonly resyncQueue: IQueue;
  /** The queue to which the cache sends its reports. */
  readonly reportQueue: IQueue;
}

/** Props of `LocalCache`. */
export interface LocalCacheProps extends DataProtectionProps {
  /** The boundary that reads the cache. Its module is bundled into the projector. */
  readonly boundary: Boundary;
  /** The owners of the types that the boundary caches: each owner once, and no others. */
  readonly sources: readonly ChangeSource[];
  /**
   * How long the cache remembers a deletion, at least 52 days. An event can be in flight for 52 days, and would bring
   * the entity back if the cache no longer remembered the deletion.
   * @default Duration.days(60)
   */
  readonly tombstoneLife?: Duration;
  /**
   * Age beyond which an event is parked, counted from its publication: at least 52 days, so that no event in flight is
   * parked, and at most `tombstoneLife` less one day. A still older event could bring back an entity whose deletion the
   * cache no longer remembers.
   * @default - `tombstoneLife` less one day
   */
  readonly maxEventAge?: Duration;
  /**
   * How long a failing event is retried before it counts as poison, in attempts and in age. Both limits must be
   * reached.
   * @default - 12 attempts and 1 hour
   */
  readonly retryBudget?: RetryBudget;
  /**
   * How long an event is retried whose schema version is newer than the projector knows, from its first receive: up to
   * 3 days. `cdk deploy --all` deploys an owner before its caches, so such events arrive during every upgrade. After
   * this time the event is treated as poison by the policy of its type. A parked event is tried again by itself within
   * 15 minutes after the cache is deployed with the new version.
   * @default Duration.hours(1)
   */
  readonly newerSchemaWait?: Duration;
  /**
   * Time between two inventories of each type: the cache compares itself with the owner, and asks for what it lost. 1
   * hour to 365 days, or `on-request` for inventories by `freshet reconcile` only. An inventory reads all entities of
   * the type in both tables, see docs/cost.md.
   * @default Duration.days(1)
   */
  readonly checkEvery?: Duration | 'on-request';
  /**
   * Competing consumers: the highest number of projectors that run at the same time, an integer from 2 to 1,000. Lambda
   * spreads the entities over the projectors; one entity is never processed by two of them at once. More projectors
   * shorten a backlog faster and put more load on the table. Lambda never runs more projectors than there are message
   * groups with messages, so more projectors don't help with one hot entity. Not allowed with `provisionedPollers`.
   * @default 10
   */
  readonly maxConcurrency?: number;
  /**
   * Event pollers that Lambda reserves for the queue. They absorb a sudden load at once, whereas automatic scaling
   * takes minutes. Each poller costs by the hour, busy or not (lambda/services-sqs-scaling). Not allowed with
   * `maxConcurrency`.
   * @default - Lambda scales the pollers automatically, up to `maxConcurrency`
   */
  readonly provisionedPollers?: ProvisionedPollers;
}

/** Number of event pollers of a queue in provisioned mode. */
export interface ProvisionedPollers {
  /** Pollers that are always reserved: an integer from 2 to 200. */
  readonly minimum: number;
  /** Pollers under load: an integer from `minimum` to 2,000. */
  readonly maximum: number;
}

/**
 * The longest time that an event can be in flight: 1 day in the owner's stream (ddb/Streams), 23 days of SNS delivery
 * attempts (sns/sns-message-delivery-retries), 14 days in the queue and 14 days in a dead-letter queue
 * (sqs/quotas-queues).
 */
const MIN_TOMBSTONE_LIFE = Duration.days(1 + 23 + 14 + 14);

/** Default of `LocalCacheProps.tombstoneLife`. */
export const DEFAULT_TOMBSTONE_LIFE = Duration.days(60);

/** Default of `LocalCacheProps.newerSchemaWait`. */
export const DEFAULT_NEWER_SCHEMA_WAIT = Duration.hours(1);

/** Default of `LocalCacheProps.checkEvery`. */
export const DEFAULT_CHECK_EVERY = Duration.days(1);

const MIN_CHECK_EVERY = Duration.hours(1);
const MAX_CHECK_EVERY = Duration.days(365);

/** Longest `newerSchemaWait`: the entity's later events wait in the queue meanwhile. */
const MAX_NEWER_SCHEMA_WAIT = Duration.days(3);

/**
 * Time by which a cache remembers a deletion longer than `maxEventAge`. It covers differing clocks and the delay
 * between reading and writing.
 */
export const TOMBSTONE_MARGIN = Duration.days(1);

/** Checks a cache's props. Throws if one is outside its range. */
export function validate({ boundary, sources, maxConcurrency, provisionedPollers, ...props }: LocalCacheProps): void {
  assertSources(boundary, sources);
  assertLife(props);
  if (props.retryBudget !== undefined) assertBudget(props.retryBudget);
  assertWait(props);
  assertCheckEvery(props);
  const { minMappingConcurrency: min, maxMappingConcurrency: max } = LIMITS;
  if (maxConcurrency !== undefined && !isWithin(maxConcurrency, min, max)) {
    throw new Error(`maxConcurrency: out of range: ${maxConcurrency}. Allowed: an integer from ${min} to ${max}.`);
  }
  if (provisionedPollers !== undefined) assertPollers(provisionedPollers, maxConcurrency);
}

function assertWait({ newerSchemaWait = DEFAULT_NEWER_SCHEMA_WAIT }: Pick<LocalCacheProps, 'newerSchemaWait'>): void {
  if (newerSchemaWait.toSeconds() <= MAX_NEWER_SCHEMA_WAIT.toSeconds()) return;
  throw new Error(
    `newerSchemaWait: too long: ${newerSchemaWait.toHumanString()}. Allowed: up to ` +
      `${MAX_NEWER_SCHEMA_WAIT.toHumanString()}. The later events of the entity wait in the queue meanwhile.`,
  );
}

function assertCheckEvery({ checkEvery = DEFAULT_CHECK_EVERY }: Pick<LocalCacheProps, 'checkEvery'>): void {
  if (checkEvery === 'on-request') return;
  const seconds = checkEvery.toSeconds();
  if (seconds >= MIN_CHECK_EVERY.toSeconds() && seconds <= MAX_CHECK_EVERY.toSeconds()) return;
  throw new Error(
    `checkEvery: out of range: ${checkEvery.toHumanString()}. Allowed: ${MIN_CHECK_EVERY.toHumanString()} to ` +
      `${MAX_CHECK_EVERY.toHumanString()}, or 'on-request'. Each inventory reads all entities in both tables.`,
  );
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function assertSources(boundary: Boundary, sources: readonly ChangeSource[]): void {
  const needed = new Set(Object.values(boundary.caches).map(({ contract }) => contract.owner));
  const given = sources.map((source) => source.boundary.name);
  if (needed.size === 0) {
    throw new Error(`boundary: ${boundary.name} caches no entity type. Declare one under "caches".`);
  }
  if (given.length !== needed.size || given.some((name) => !needed.has(name)) || new Set(given).size !== given.length) {
    throw new Error(
      `sources: not the owners of the types that ${boundary.name} caches: ${given.join(', ') || 'none'}. Allowed: ` +
        `each of these owners once: ${[...needed].join(', ')}.`,
    );
  }
}

function assertLife({ tombstoneLife, maxEventAge }: Pick<LocalCacheProps, 'tombstoneLife' | 'maxEventAge'>): void {
  const least = MIN_TOMBSTONE_LIFE;
  if (tombstoneLife !== undefined && tombstoneLife.toSeconds() < least.toSeconds()) {
    throw new Error(
      `tombstoneLife: too short: ${tombstoneLife.toHumanString()}. Allowed: at least ${least.toHumanString()}. An ` +
        'event can be in flight that long, in stream, topic, queue and dead-letter queue, and would bring a deleted ' +
        'entity back.',
    );
  }
  const most = (tombstoneLife ?? DEFAULT_TOMBSTONE_LIFE).minus(TOMBSTONE_MARGIN);
  if (
    maxEventAge !== undefined &&
    (maxEventAge.toSeconds() < least.toSeconds() || maxEventAge.toSeconds() > most.toSeconds())
  ) {
    throw new Error(
      `maxEventAge: out of range: ${maxEventAge.toHumanString()}. Allowed: from ${least.toHumanString()}, the ` +
        `longest time that an event can be in flight, to ${most.toHumanString()}, one day less than tombstoneLife. ` +
        'An older event could bring a deleted entity back.',
    );
  }
}

function assertPollers({ minimum, maximum }: ProvisionedPollers, maxConcurrency: number | undefined): void {
  if (maxConcurrency !== undefined) {
    throw new Error(
      'provisionedPollers: set together with maxConcurrency. Allowed: one of them. Lambda accepts no maximum ' +
        'concurrency for a mapping with provisioned pollers.',
    );
  }
  const { minPollers, maxMinimumPollers, maxPollers } = LIMITS;
  if (!isWithin(minimum, minPollers, maxMinimumPollers) || !isWithin(maximum, minimum, maxPollers)) {
    throw new Error(
      `provisionedPollers: out of range: ${minimum} to ${maximum}. Allowed: integers, the minimum from ${minPollers} ` +
        `to ${maxMinimumPollers} and the maximum from the minimum to ${maxPollers}.`,
    );
  }
}
