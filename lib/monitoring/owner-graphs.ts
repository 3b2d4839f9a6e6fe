import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { GOVERNOR_METRICS, RELAY_DELAY_METRIC, RELAY_METRICS } from '../../core/metrics.ts';
import type { EntityOwner } from '../entity-owner.ts';
import { graph } from './graph.ts';
import { emitterOf, type FreshetMetric, freshetMetric, PERIOD, type Statistic } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';
import { STREAM_USE } from './owner-alarms.ts';

/** The graphs of an owner. */
export function ownerGraphs(owner: EntityOwner, { leadTime }: Thresholds): IWidget[] {
  const { boundary, failureQueue, relay, repair, flow } = owner;
  const emitter = emitterOf(owner, boundary.name);
  const own = (metric: FreshetMetric, statistic: Statistic, label?: string) =>
    freshetMetric(emitter, metric, statistic, label);
  const sum = { statistic: 'Sum', period: PERIOD };
  const most = { statistic: 'Maximum', period: PERIOD };
  return [
    graph(
      'Flow state',
      { unit: '0 normal, 1 paced, 2 refusing', metrics: [own(GOVERNOR_METRICS.flowState, 'Maximum')] },
      {
        unit: 'writes/s',
        metrics: [own(GOVERNOR_METRICS.pace, 'Average')],
      },
    ),
    graph(
      'Relay delay and stream use',
      {
        unit: 'ms',
        metrics: [own(RELAY_DELAY_METRIC, 'Maximum')],
        line: { value: leadTime.toMilliseconds(), label: 'objective for lead time' },
      },
      { unit: '%', metrics: [own(GOVERNOR_METRICS.streamUse, 'Maximum')], line: { value: STREAM_USE, label: 'alarm' } },
    ),
    graph(
      'Relay',
      { unit: 'versions', metrics: Object.values(RELAY_METRICS).map((metric) => own(metric, 'Sum')) },
      { unit: 'waiting', metrics: [own(GOVERNOR_METRICS.streamBacklog, 'Maximum')] },
      true,
    ),
    graph('Unpublished changes, missing reports and errors', {
      unit: 'count',
      metrics: [
        failureQueue.metricApproximateNumberOfMessagesVisible({ ...most, label: 'not published' }),
        own(GOVERNOR_METRICS.reportsMissing, 'Maximum'),
        relay.metricErrors({ ...sum, label: 'relay errors' }),
        flow.governor.metricErrors({ ...sum, label: 'governor errors' }),
        repair.metricErrors({ ...sum, label: 'repair errors' }),
      ],
    }),
  ];
}
