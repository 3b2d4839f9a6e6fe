import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { GOVERNOR_METRICS, RELAY_DELAY_METRIC } from '../../core/metrics.ts';
import type { EntityOwner } from '../entity-owner.ts';
import { LIMITS } from '../limits.ts';
import type { MetricAlarm } from './alarm.ts';
import { arrivals, freshetMetric } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';

/** Of the stream's 24 hours, percent: 2.4 hours used, 21.6 left to mend the relay in. */
export const STREAM_USE = 10;

const { BREACHING, IGNORE, NOT_BREACHING } = TreatMissingData;

/** All alarms of an owner; those on its flow control only where a cache may slow it. */
export function ownerAlarms(owner: EntityOwner, { leadTime }: Thresholds): Record<string, MetricAlarm> {
  const { boundary, failureQueue, flow } = owner;
  const name = `Owner ${boundary.name}`;
  const always = {
    // A heartbeat passes every minute, so a relay that says nothing stands still. A delay above the whole objective breaks it by itself.
    'relay-delay': {
      severity: 'ticket',
      sentence: `${name} publishes its changes later than ${leadTime.toHumanString()} after their commit, or not at all.`,
      metric: freshetMetric(boundary, RELAY_DELAY_METRIC, 'Maximum'),
      above: leadTime.toMilliseconds(),
      datapoints: [8, 10],
      missing: BREACHING,
    },
    'stream-use': {
      severity: 'page',
      sentence: `${name} has a change that has waited for ${STREAM_USE} % of the ${LIMITS.streamRetention.toHours()} hours after which its stream forgets it.`,
      metric: freshetMetric(boundary, GOVERNOR_METRICS.streamUse, 'Maximum'),
      above: STREAM_USE,
      datapoints: [3, 3],
      missing: IGNORE,
    },
    'not-published': {
      severity: 'ticket',
      sentence: `${name} committed a change that can't be published: no cache will get it.`,
      metric: arrivals(failureQueue),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
  } satisfies Record<string, MetricAlarm>;
  if (Object.keys(flow.maySlowOwner).length === 0) return always;
  const state = freshetMetric(boundary, GOVERNOR_METRICS.flowState, 'Maximum');
  return {
    ...always,
    // A governor that is silent protects nobody either.
    'reports-missing': {
      severity: 'ticket',
      sentence: `${name} doesn't hear from a cache that may slow it, or its governor is silent: writers aren't slowed for it.`,
      metric: freshetMetric(boundary, GOVERNOR_METRICS.reportsMissing, 'Maximum'),
      above: 0,
      datapoints: [5, 5],
      missing: BREACHING,
    },
    'writers-slowed': {
      severity: 'ticket',
      sentence: `${name} has been slowing or refusing its writers for 10 of 15 minutes, since a cache lags.`,
      metric: state,
      above: 0,
      datapoints: [10, 15],
      missing: NOT_BREACHING,
    },
    'writers-refused': {
      severity: 'page',
      sentence: `${name} refuses its writers: a cache lags so far that its backlog must fall first.`,
      metric: state,
      above: 1,
      datapoints: [2, 3],
      missing: NOT_BREACHING,
    },
  };
}
