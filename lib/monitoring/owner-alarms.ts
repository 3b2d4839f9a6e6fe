import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { STREAM_USE_PERCENT } from '../../core/graphs/lines.ts';
import { GOVERNOR_METRICS, OUTBOX_METRICS, RELAY_DELAY_METRIC } from '../../core/metrics.ts';
import { EntityOwner } from '../entity-owner.ts';
import { LIMITS } from '../limits.ts';
import type { PostgresOwner } from '../postgres-owner.ts';
import { adoptedAlarms } from './adopted-alarms.ts';
import type { MetricAlarm } from './alarm.ts';
import { arrivals, emitterOf, freshetMetric, math } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';

/** The end of the sentence of an alarm on `STREAM_USE_PERCENT`. */
export const WAITED_TOO_LONG =
  `has waited for ${STREAM_USE_PERCENT} % of the ${LIMITS.streamRetention.toHours()} hours ` +
  'after which its stream deletes it.';

const { BREACHING, IGNORE, NOT_BREACHING } = TreatMissingData;

/** All alarms on an owner. It has alarms on flow control only if a cache may slow it. */
export function ownerAlarms(owner: EntityOwner | PostgresOwner, thresholds: Thresholds): Record<string, MetricAlarm> {
  const { leadTime } = thresholds;
  const { boundary, failureQueue, flow } = owner;
  const name = `Owner ${boundary.name}`;
  const emitter = emitterOf(owner, boundary.name);
  const always = {
    // The relay publishes a heartbeat every minute, so a relay that emits no value has stopped. A delay above the
    // objective for lead time makes every lead time too long.
    'relay-delay': {
      severity: 'ticket',
      sentence: `${name} publishes its changes not at all or more than ${leadTime.toHumanString()} after their commit.`,
      metric: freshetMetric(emitter, RELAY_DELAY_METRIC, 'Maximum'),
      above: leadTime.toMilliseconds(),
      datapoints: [8, 10],
      missing: BREACHING,
    },
    ...(owner instanceof EntityOwner ? streamAlarms(owner) : outboxAlarms(owner)),
    'not-published': {
      severity: 'ticket',
      sentence: `${name} committed a change that can't be published: no cache will receive it.`,
      metric: arrivals(failureQueue),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    ...(owner instanceof EntityOwner && adoptedAlarms(owner, thresholds)),
  } satisfies Record<string, MetricAlarm>;
  if (Object.keys(flow.maySlowOwner).length === 0) return always;
  const state = freshetMetric(emitter, GOVERNOR_METRICS.flowState, 'Maximum');
  return {
    ...always,
    // If the governor is silent, no cache is protected.
    'reports-missing': {
      severity: 'ticket',
      sentence: `${name} gets no reports from a cache that may slow it, or has a silent governor: no writer is slowed.`,
      metric: freshetMetric(emitter, GOVERNOR_METRICS.reportsMissing, 'Maximum'),
      above: 0,
      datapoints: [5, 5],
      missing: BREACHING,
    },
    'writers-slowed': {
      severity: 'ticket',
      sentence: `${name} has slowed or refused its writers for 10 of 15 minutes, because a cache lags.`,
      metric: state,
      above: 0,
      datapoints: [10, 15],
      missing: NOT_BREACHING,
    },
    'writers-refused': {
      severity: 'page',
      sentence: `${name} refuses its writers until the backlog of a lagging cache has fallen.`,
      metric: state,
      above: 1,
      datapoints: [2, 3],
      missing: NOT_BREACHING,
    },
  };
}

/** The alarm on the stream of an owner's DynamoDB table. */
function streamAlarms(owner: EntityOwner): Record<string, MetricAlarm> {
  return {
    'stream-use': {
      severity: 'page',
      sentence: `Owner ${owner.boundary.name} has a change that ${WAITED_TOO_LONG}`,
      metric: freshetMetric(emitterOf(owner, owner.boundary.name), GOVERNOR_METRICS.streamUse, 'Maximum'),
      above: STREAM_USE_PERCENT,
      datapoints: [3, 3],
      missing: IGNORE,
    },
  };
}

/** A row of an outbox that waits for longer than this, in seconds, is not on its way any more. */
const OUTBOX_AGE_SECONDS = 900;

/**
 * The alarm on the outbox of an owner in PostgreSQL, which grows without a limit while nothing takes it. A relay that
 * fails for one entity tells the age of its oldest row; one that is stopped tells nothing, and the governor measures
 * its silence.
 */
function outboxAlarms(owner: PostgresOwner): Record<string, MetricAlarm> {
  const emitter = emitterOf(owner, owner.boundary.name);
  return {
    'outbox-growth': {
      severity: 'page',
      sentence: `Owner ${owner.boundary.name} has changes in its outbox that aren't published, and the outbox grows.`,
      metric: math(
        'growth',
        `IF(FILL(age, 0) > ${OUTBOX_AGE_SECONDS} OR FILL(silence, 0) > ${STREAM_USE_PERCENT}, 1, 0)`,
        {
          age: freshetMetric(emitter, OUTBOX_METRICS.age, 'Maximum'),
          silence: freshetMetric(emitter, GOVERNOR_METRICS.streamUse, 'Maximum'),
        },
      ),
      above: 0,
      datapoints: [3, 5],
      missing: IGNORE,
    },
  };
}
