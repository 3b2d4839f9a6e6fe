import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { STREAM_USE_PERCENT } from '../../core/graphs/lines.ts';
import { GOVERNOR_METRICS, RELAY_DELAY_METRIC } from '../../core/metrics.ts';
import type { EntityOwner } from '../entity-owner.ts';
import { LIMITS } from '../limits.ts';
import { adoptedAlarms } from './adopted-alarms.ts';
import type { MetricAlarm } from './alarm.ts';
import { arrivals, emitterOf, freshetMetric } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';

/** The end of the sentence of an alarm on `STREAM_USE_PERCENT`. */
export const WAITED_TOO_LONG =
  `has waited for ${STREAM_USE_PERCENT} % of the ${LIMITS.streamRetention.toHours()} hours ` +
  'after which its stream deletes it.';

const { BREACHING, IGNORE, NOT_BREACHING } = TreatMissingData;

/** All alarms on an owner. It has alarms on flow control only if a cache may slow it. */
export function ownerAlarms(owner: EntityOwner, thresholds: Thresholds): Record<string, MetricAlarm> {
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
    'stream-use': {
      severity: 'page',
      sentence: `${name} has a change that ${WAITED_TOO_LONG}`,
      metric: freshetMetric(emitter, GOVERNOR_METRICS.streamUse, 'Maximum'),
      above: STREAM_USE_PERCENT,
      datapoints: [3, 3],
      missing: IGNORE,
    },
    'not-published': {
      severity: 'ticket',
      sentence: `${name} committed a change that can't be published: no cache will receive it.`,
      metric: arrivals(failureQueue),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
    ...adoptedAlarms(owner, thresholds),
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
