import { Duration } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Boundary } from '../core/contract.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { LIMITS } from './limits.ts';
import { assertBudget, type RetryBudget } from './retry-budget.ts';

/** Where a cache gets an owner's changes from; an `EntityOwner` is one. */
export interface ChangeSource {
  readonly boundary: Boundary;
  readonly topic: ITopic;
  /** Where the cache asks for an entity's whole state when it missed a change. */
  readonly resyncQueue: IQueue;
  /** Where the cache reports its backlog. */
  readonly reportQueue: IQueue;
}

/** Props of `LocalCache`. */
export interface LocalCacheProps extends DataProtectionProps {
  /** The boundary whose cache this is; its module is bundled into the projector. */
  readonly boundary: Boundary;
  /** The owners of the types that the boundary caches: exactly those. */
  readonly sources: readonly ChangeSource[];
  /**
   * How long a deletion is remembered. An older event that returns later would bring the entity back.
   * Range: from 52 days, the longest an event can be under way (see MIN_TOMBSTONE_LIFE).
   * @default Duration.days(60)
   */
  readonly tombstoneLife?: Duration;
  /**
   * An event that was published longer ago is parked: a deletion that overtook it may be forgotten by then.
   * Range: from 52 days, so that no event that is still under way is parked, to a day less than `tombstoneLife`.
   * @default tombstoneLife less a day
   */
  readonly maxEventAge?: Duration;
  /**
   * What a failing event is given before it counts as poison, in attempts and in age; both must be used up.
   * @default 12 attempts and 1 hour
   */
  readonly retryBudget?: RetryBudget;
  /**
   * Competing consumers: projectors that run at once at most, 2 to 1,000. Entities are spread over them, one entity is never on two. More work
   * off a backlog faster and load the table more; no more run than there are groups with messages, so they don't help a single hot entity.
   * Excludes `provisionedPollers`.
   * @default 10
   */
  readonly maxConcurrency?: number;
  /**
   * Event pollers that are kept for the queue instead of those that Lambda scales by itself: they take up a sudden load without the minutes
   * that scaling takes, and cost by the hour whether they work or not (lambda/services-sqs-scaling). Excludes `maxConcurrency`.
   * @default - Lambda scales by itself, up to `maxConcurrency`
   */
  readonly provisionedPollers?: ProvisionedPollers;
  /**
   * Whether the queue's throughput and deduplication count by message group: up to 70,000 requests a second of each kind in us-east-1 instead of
   * 300, or 3,000 messages in batches. The price is deduplication across groups, which Freshet doesn't use, since an entity is one group
   * (sqs/high-throughput-fifo, 2026-11-25).
   * @default false
   */
  readonly highThroughput?: boolean;
}

/** Pollers of a mapping in provisioned mode. */
export interface ProvisionedPollers {
  /** Always there, 2 to 200. */
  readonly minimum: number;
  /** Under load, `minimum` to 2,000. */
  readonly maximum: number;
}

/**
 * The longest that an event can be under way: a day in the owner's stream (ddb/Streams), 23 days of SNS delivery attempts
 * (sns/sns-message-delivery-retries), 14 days in the queue and 14 in a dead-letter queue (sqs/quotas-queues).
 */
const MIN_TOMBSTONE_LIFE = Duration.days(1 + 23 + 14 + 14);

/** See `LocalCacheProps.tombstoneLife`. */
export const DEFAULT_TOMBSTONE_LIFE = Duration.days(60);

/** A deletion is remembered for so much longer than an event may be old: clocks differ, and so do the moments of writing and reading. */
export const TOMBSTONE_MARGIN = Duration.days(1);

/** Checks a cache's props; the message says what was given, what is allowed and why. */
export function validate({
  boundary,
  sources,
  tombstoneLife,
  maxConcurrency,
  provisionedPollers,
  maxEventAge,
  retryBudget,
}: LocalCacheProps): void {
  const needed = new Set(Object.values(boundary.caches).map(({ contract }) => contract.owner));
  const given = sources.map((source) => source.boundary.name);
  if (needed.size === 0)
    throw new Error(`boundary: ${boundary.name} caches no entity type. Declare one under "caches".`);
  if (given.length !== needed.size || given.some((name) => !needed.has(name)) || new Set(given).size !== given.length) {
    throw new Error(
      `sources: given: ${given.join(', ') || 'none'}. ${boundary.name} caches types of: ${[...needed].join(', ')}. Give each of these owners once.`,
    );
  }
  if (tombstoneLife !== undefined && tombstoneLife.toSeconds() < MIN_TOMBSTONE_LIFE.toSeconds()) {
    throw new Error(
      `tombstoneLife: given: ${tombstoneLife.toHumanString()}. At least ${MIN_TOMBSTONE_LIFE.toHumanString()}: an event can be under way ` +
        'that long in stream, topic, queue and dead-letter queue, and would bring a deleted entity back.',
    );
  }
  const maxAge = (tombstoneLife ?? DEFAULT_TOMBSTONE_LIFE).minus(TOMBSTONE_MARGIN);
  if (
    maxEventAge &&
    (maxEventAge.toSeconds() < MIN_TOMBSTONE_LIFE.toSeconds() || maxEventAge.toSeconds() > maxAge.toSeconds())
  ) {
    throw new Error(
      `maxEventAge: given: ${maxEventAge.toHumanString()}. From ${MIN_TOMBSTONE_LIFE.toHumanString()}, the longest an event can be under way, to ` +
        `${maxAge.toHumanString()}, a day less than tombstoneLife: an older event could bring a deleted entity back.`,
    );
  }
  if (retryBudget !== undefined) assertBudget(retryBudget);
  const { minMappingConcurrency: min, maxMappingConcurrency: max } = LIMITS;
  if (
    maxConcurrency !== undefined &&
    !(Number.isInteger(maxConcurrency) && maxConcurrency >= min && maxConcurrency <= max)
  ) {
    throw new Error(`maxConcurrency: given: ${maxConcurrency}. An integer from ${min} to ${max}.`);
  }
  if (provisionedPollers !== undefined) validatePollers(provisionedPollers, maxConcurrency);
}

function validatePollers({ minimum, maximum }: ProvisionedPollers, maxConcurrency: number | undefined): void {
  if (maxConcurrency !== undefined) {
    throw new Error(
      'provisionedPollers: given with maxConcurrency. Give one of them: Lambda takes no maximum concurrency for a mapping with provisioned pollers.',
    );
  }
  const { minPollers: least, maxMinimumPollers, maxPollers: most } = LIMITS;
  const inRange = (value: number, max: number) => Number.isInteger(value) && value >= least && value <= max;
  if (!inRange(minimum, maxMinimumPollers) || !inRange(maximum, most) || maximum < minimum) {
    throw new Error(
      `provisionedPollers: given: ${minimum} to ${maximum}. Integers: minimum from ${least} to ${maxMinimumPollers}, maximum from the minimum to ${most}.`,
    );
  }
}
