import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { OLD_SECONDS } from '../../core/graphs/lines.ts';
import {
  ASKED_AGAIN_METRIC,
  DIFFERING_METRIC,
  HEALED_METRIC,
  PROJECTOR_METRICS,
  REPORT_METRICS,
} from '../../core/metrics.ts';
import { LIMITS } from '../limits.ts';
import type { LocalCache } from '../local-cache.ts';
import type { CombinedAlarm, MetricAlarm } from './alarm.ts';
import { arrivals, emitterOf, freshetMetric, math, PERIOD } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';

/**
 * What the projectors of a cache with default concurrency hold at once: ten batches of ten. A smaller backlog is
 * normal.
 */
export const ONE_ROUND = 100;

/** How long a page may be missing, and how often it is asked for again meanwhile. */
const REPAIR_WAITS_SECONDS = 1_800;
const ASK_AGAIN_SECONDS = 300;

const HALF_RETENTION_SECONDS = LIMITS.maxRetention.toSeconds() / 2;
const { BREACHING, IGNORE, NOT_BREACHING } = TreatMissingData;

/** The kinds of alarms on a cache. */
export type CacheAlarm = keyof ReturnType<typeof cacheAlarms>;

/** All alarms on a cache except `behind`, which combines them. */
export function cacheAlarms(cache: LocalCache, { leadTime, staleness, inflowMinutes }: Thresholds) {
  const { boundary, queue } = cache;
  const name = `Cache ${boundary.name}`;
  const emitter = emitterOf(cache, boundary.name);
  const age = queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD });
  const deleted = queue.metricNumberOfMessagesDeleted({ statistic: 'Sum', period: PERIOD });
  const backlog = freshetMetric(emitter, REPORT_METRICS.backlog, 'Maximum');
  const stale = freshetMetric(emitter, REPORT_METRICS.staleness, 'Maximum');
  const throttled = freshetMetric(emitter, PROJECTOR_METRICS.throttled, 'Sum');

  return {
    'inflow-above-outflow': {
      severity: 'ticket',
      sentence: `${name} receives more events than it processes: its backlog has grown for ${inflowMinutes} minutes.`,
      metric: math(
        'grows',
        `IF(FILL(production, 0) > FILL(consumption, 0) AND FILL(backlog, 0) > ${ONE_ROUND}, 1, 0)`,
        {
          production: freshetMetric(emitter, REPORT_METRICS.productionRate, 'Average'),
          consumption: freshetMetric(emitter, REPORT_METRICS.consumptionRate, 'Average'),
          backlog,
        },
      ),
      above: 0,
      datapoints: [Math.ceil(0.8 * inflowMinutes), inflowMinutes],
      missing: NOT_BREACHING,
    },
    // The age alone misleads: it excludes messages that were received more than three times
    // (sqs/sqs-available-cloudwatch-metrics). Staleness covers them, because a stalled cache applies no heartbeats.
    stalled: {
      severity: 'ticket',
      sentence:
        `${name} has stopped: events are older than ${OLD_SECONDS / 60} minutes or none arrive, ` +
        'and none is deleted from its queue.',
      metric: math(
        'stalled',
        `IF((FILL(age, 0) > ${OLD_SECONDS} OR FILL(staleness, REPEAT) > ${OLD_SECONDS}) AND FILL(deleted, 0) == 0, 1, 0)`,
        { age, staleness: stale, deleted },
      ),
      above: 0,
      datapoints: [5, 8],
      missing: NOT_BREACHING,
    },
    // If all events are slow, the oldest event has waited as long as the backlog takes. Here it has waited at least
    // twice that time. The age may not show a group that fails each time, but its messages return, and not because
    // the table throttles.
    'group-stuck': {
      severity: 'ticket',
      sentence: `${name} doesn't update one entity or a few entities, while it updates the others.`,
      metric: math(
        'stuck',
        `IF((FILL(age, 0) > ${OLD_SECONDS} OR FILL(returned, 0) > FILL(throttled, 0)) AND FILL(deleted, 0) > 0 AND ` +
          `FILL(backlog, 0) < ${ONE_ROUND} + FILL(deleted, 0) * FILL(age, 0) / 120, 1, 0)`,
        { age, deleted, backlog, throttled, returned: freshetMetric(emitter, PROJECTOR_METRICS.returned, 'Sum') },
      ),
      above: 0,
      datapoints: [3, 15],
      missing: NOT_BREACHING,
    },
    'age-over-half-of-retention': {
      severity: 'page',
      sentence:
        `${name} has an event that has waited for more than half of the ${LIMITS.maxRetention.toDays()} days ` +
        'after which SQS deletes it.',
      metric: age,
      above: HALF_RETENTION_SECONDS,
      datapoints: [3, 3],
      missing: IGNORE,
    },
    'lead-time': {
      severity: 'ticket',
      sentence: `${name} applies 1 % of its events more than ${leadTime.toHumanString()} after the owner's commit.`,
      metric: freshetMetric(emitter, PROJECTOR_METRICS.leadTime, 'p99'),
      above: leadTime.toMilliseconds(),
      datapoints: [5, 10],
      missing: NOT_BREACHING,
    },
    // If a cache doesn't report, its lag is unknown.
    staleness: {
      severity: 'ticket',
      sentence: `${name} may lag by more than ${staleness.toHumanString()}, or doesn't report how far it lags.`,
      metric: stale,
      above: staleness.toSeconds(),
      datapoints: [6, 6],
      missing: BREACHING,
    },
    parked: {
      severity: 'ticket',
      sentence: `${name} has parked or held events: it doesn't update their entities until somebody acts.`,
      metric: freshetMetric(emitter, REPORT_METRICS.parked, 'Maximum'),
      above: 0,
      datapoints: [1, 1],
      missing: IGNORE,
    },
    'subscription-dead-letters': {
      severity: 'page',
      sentence: `${name} misses events that SNS couldn't deliver to its queue, and may receive no events at all.`,
      metric: arrivals(cache.subscriptionDeadLetterQueue),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    'dead-letters': {
      severity: 'ticket',
      sentence: `${name} received a message ${LIMITS.maxMaxReceiveCount} times, and its projector never answered.`,
      metric: arrivals(cache.deadLetterQueue),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    conflicts: {
      severity: 'page',
      sentence: `${name} received other content for a version that it already holds: its owner has two histories.`,
      metric: freshetMetric(emitter, PROJECTOR_METRICS.conflicts, 'Sum'),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    // The cache is right again, but what lost the events may lose more of them.
    healed: {
      severity: 'ticket',
      sentence: `${name} differed from its owner, although no event was on its way, and an inventory has healed it.`,
      metric: freshetMetric(emitter, HEALED_METRIC, 'Sum'),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    // The repair function works on the queue of pages, and asks the owner again every five minutes.
    'repair-waits': {
      severity: 'ticket',
      sentence: `${name} can't fill or check itself: its owner doesn't answer, or its repair function doesn't work.`,
      metric: math('waits', `MAX([FILL(age, 0), ${ASK_AGAIN_SECONDS} * FILL(asked, 0)])`, {
        age: cache.pageQueue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD }),
        asked: freshetMetric(emitter, ASKED_AGAIN_METRIC, 'Maximum'),
      }),
      above: REPAIR_WAITS_SECONDS,
      datapoints: [5, 8],
      missing: NOT_BREACHING,
    },
    // An entity stays in this state until a person acts, and each inventory raises the alarm again.
    differs: {
      severity: 'ticket',
      sentence: `${name} differs from its owner in a way that no inventory can heal.`,
      metric: freshetMetric(emitter, DIFFERING_METRIC, 'Sum'),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    throttles: {
      severity: 'ticket',
      sentence: `${name} writes more than its table accepts: throttled events return to the queue and wait.`,
      metric: throttled,
      above: 0,
      datapoints: [5, 10],
      missing: NOT_BREACHING,
    },
  } satisfies Record<string, MetricAlarm>;
}

/**
 * The only page for a cache that lags. The alarms that it combines are tickets. It is raised when one of these is
 * true:
 * - The cache has stopped.
 * - Its staleness is above its objective, and no parked event or stuck group explains that. Those have their own
 *   alarms.
 * - Its backlog grows, and its lead time is above its objective.
 *
 * @param alarmName returns the name of the cache's alarm of a kind
 */
export function behind({ boundary }: LocalCache, alarmName: (kind: CacheAlarm) => string): CombinedAlarm {
  const raised = (kind: CacheAlarm) => `ALARM("${alarmName(kind)}")`;
  return {
    severity: 'page',
    sentence: `Cache ${boundary.name} is behind: it answers with data that is older than promised.`,
    rule: [
      raised('stalled'),
      `(${raised('staleness')} AND NOT (${raised('parked')} OR ${raised('group-stuck')}))`,
      `(${raised('inflow-above-outflow')} AND ${raised('lead-time')})`,
    ].join(' OR '),
  };
}
