import { Duration } from 'aws-cdk-lib';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { PROJECTOR_METRICS, REPORT_METRICS } from '../../core/metrics.ts';
import { LIMITS } from '../limits.ts';
import type { LocalCache } from '../local-cache.ts';
import type { CombinedAlarm, MetricAlarm } from './alarm.ts';
import { arrivals, freshetMetric, math, PERIOD } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';

/** From this age on an event is old: heartbeats come every minute, and a queue that is kept up with holds nothing for longer than seconds. */
export const OLD = Duration.minutes(5);

/** What the projectors of a cache with default concurrency hold at once, ten batches of ten: a smaller backlog is no backlog. */
export const ONE_ROUND = 100;

const OLD_SECONDS = OLD.toSeconds();
const HALF_RETENTION_SECONDS = LIMITS.maxRetention.toSeconds() / 2;
const { BREACHING, IGNORE, NOT_BREACHING } = TreatMissingData;

/** The kinds of alarms that each cache has. */
export type CacheAlarm = keyof ReturnType<typeof cacheAlarms>;

/** All alarms of a cache but the one that combines them. */
export function cacheAlarms(cache: LocalCache, { leadTime, staleness, inflowMinutes }: Thresholds) {
  const { boundary, queue } = cache;
  const name = `Cache ${boundary.name}`;
  const age = queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD });
  const deleted = queue.metricNumberOfMessagesDeleted({ statistic: 'Sum', period: PERIOD });
  const backlog = freshetMetric(boundary, REPORT_METRICS.backlog, 'Maximum');
  const stale = freshetMetric(boundary, REPORT_METRICS.staleness, 'Maximum');
  const throttled = freshetMetric(boundary, PROJECTOR_METRICS.throttled, 'Sum');

  return {
    'inflow-above-outflow': {
      severity: 'ticket',
      sentence: `${name} takes in less than is produced: its backlog has been growing for ${inflowMinutes} minutes.`,
      metric: math(
        'grows',
        `IF(FILL(production, 0) > FILL(consumption, 0) AND FILL(backlog, 0) > ${ONE_ROUND}, 1, 0)`,
        {
          production: freshetMetric(boundary, REPORT_METRICS.productionRate, 'Average'),
          consumption: freshetMetric(boundary, REPORT_METRICS.consumptionRate, 'Average'),
          backlog,
        },
      ),
      above: 0,
      datapoints: [Math.ceil(0.8 * inflowMinutes), inflowMinutes],
      missing: NOT_BREACHING,
    },
    // The age alone misleads: it passes over messages that were received more than three times (sqs/sqs-available-cloudwatch-metrics). A
    // stalled cache gets no heartbeats either, whether its projector stands still or nothing arrives.
    stalled: {
      severity: 'ticket',
      sentence: `${name} stands still: events are older than ${OLD.toMinutes()} minutes, or none come, and nothing was deleted from its queue.`,
      metric: math(
        'stalled',
        `IF((FILL(age, 0) > ${OLD_SECONDS} OR FILL(staleness, REPEAT) > ${OLD_SECONDS}) AND FILL(deleted, 0) == 0, 1, 0)`,
        { age, staleness: stale, deleted },
      ),
      above: 0,
      datapoints: [5, 8],
      missing: NOT_BREACHING,
    },
    // While all is slow, the oldest event has waited as long as the backlog takes; here it has waited twice that and more. A group that fails
    // each time may not show in the age, but its messages come back, and not because the table throttles.
    'group-stuck': {
      severity: 'ticket',
      sentence: `One entity or a few of ${lower(name)} don't get through, while the others do.`,
      metric: math(
        'stuck',
        `IF((FILL(age, 0) > ${OLD_SECONDS} OR FILL(returned, 0) > FILL(throttled, 0)) AND FILL(deleted, 0) > 0 AND ` +
          `FILL(backlog, 0) < ${ONE_ROUND} + FILL(deleted, 0) * FILL(age, 0) / 120, 1, 0)`,
        { age, deleted, backlog, throttled, returned: freshetMetric(boundary, PROJECTOR_METRICS.returned, 'Sum') },
      ),
      above: 0,
      datapoints: [3, 15],
      missing: NOT_BREACHING,
    },
    'age-over-half-of-retention': {
      severity: 'page',
      sentence: `${name} has an event that has waited for more than half of the ${LIMITS.maxRetention.toDays()} days after which SQS drops it.`,
      metric: age,
      above: HALF_RETENTION_SECONDS,
      datapoints: [3, 3],
      missing: IGNORE,
    },
    'lead-time': {
      severity: 'ticket',
      sentence: `${name} gets one event in a hundred later than ${leadTime.toHumanString()} after the owner's commit.`,
      metric: freshetMetric(boundary, PROJECTOR_METRICS.leadTime, 'p99'),
      above: leadTime.toMilliseconds(),
      datapoints: [5, 10],
      missing: NOT_BREACHING,
    },
    // A cache that reports nothing may lag by anything.
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
      sentence: `${name} has set events aside, parked or held: its entities stay as they are until somebody decides.`,
      metric: freshetMetric(boundary, REPORT_METRICS.setAside, 'Maximum'),
      above: 0,
      datapoints: [1, 1],
      missing: IGNORE,
    },
    'subscription-dead-letters': {
      severity: 'page',
      sentence: `${name} gets events that SNS couldn't deliver to its queue: none may come through.`,
      metric: arrivals(cache.subscriptionDeadLetterQueue),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    'dead-letters': {
      severity: 'ticket',
      sentence: `${name} got a message ${LIMITS.maxMaxReceiveCount} times and its projector never answered.`,
      metric: arrivals(cache.deadLetterQueue),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    conflicts: {
      severity: 'page',
      sentence: `${name} got an event that contradicts what it holds at the same version: the owner's history isn't one.`,
      metric: freshetMetric(boundary, PROJECTOR_METRICS.conflicts, 'Sum'),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    throttles: {
      severity: 'ticket',
      sentence: `${name} writes more than its table takes: events come back to the queue and wait.`,
      metric: throttled,
      above: 0,
      datapoints: [5, 10],
      missing: NOT_BREACHING,
    },
  } satisfies Record<string, MetricAlarm>;
}

/**
 * The one page for a cache that lags; what it combines are tickets. Somebody must look now: it stands still; or it lags beyond its objective and that isn't merely
 * the age of what is set aside or of a stuck group, which have alarms of their own; or a growing backlog already shows in the lead time.
 *
 * @param alarmName the name of one of its alarms
 */
export function behind({ boundary }: LocalCache, alarmName: (kind: CacheAlarm) => string): CombinedAlarm {
  const raised = (kind: CacheAlarm) => `ALARM("${alarmName(kind)}")`;
  return {
    severity: 'page',
    sentence: `Cache ${boundary.name} is behind: what it answers is older than promised.`,
    rule: [
      raised('stalled'),
      `(${raised('staleness')} AND NOT (${raised('parked')} OR ${raised('group-stuck')}))`,
      `(${raised('inflow-above-outflow')} AND ${raised('lead-time')})`,
    ].join(' OR '),
  };
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
