import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import {
  ASKED_AGAIN_METRIC,
  DIFFERING_METRIC,
  HEALED_METRIC,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  REPORT_METRICS,
} from '../../core/metrics.ts';
import type { LocalCache } from '../local-cache.ts';
import { OLD } from './cache-alarms.ts';
import { graph } from './graph.ts';
import { emitterOf, type FreshetMetric, freshetMetric, math, PERIOD, type Statistic } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';

/**
 * The graphs of a cache.
 *
 * @param hottestGroupsRule the Contributor Insights rule that counts its message groups; undefined if there is none
 */
export function cacheGraphs(
  cache: LocalCache,
  hottestGroupsRule: string | undefined,
  { leadTime, staleness }: Thresholds,
): IWidget[] {
  const { boundary, queue, projector, repair, table } = cache;
  const emitter = emitterOf(cache, boundary.name);
  const own = (metric: FreshetMetric, statistic: Statistic, label?: string) =>
    freshetMetric(emitter, metric, statistic, label);
  const sum = { statistic: 'Sum', period: PERIOD };
  const most = { statistic: 'Maximum', period: PERIOD };
  const outcomes = Object.values(OUTCOME_METRICS).map((metric) => own(metric, 'Sum'));
  const contributors = (label: string, what: string) =>
    math(label, `INSIGHT_RULE_METRIC("${hottestGroupsRule}", "${what}")`, {});
  return [
    graph(
      'Inflow and outflow',
      {
        unit: 'events/s',
        metrics: [
          own(REPORT_METRICS.productionRate, 'Average', 'inflow: production rate'),
          own(REPORT_METRICS.consumptionRate, 'Average', 'outflow: consumption rate'),
          math('sent to the queue', 'sent / PERIOD(sent)', { sent: queue.metricNumberOfMessagesSent(sum) }),
          math('deleted from the queue', 'deleted / PERIOD(deleted)', {
            deleted: queue.metricNumberOfMessagesDeleted(sum),
          }),
        ],
      },
      {
        unit: '%',
        metrics: [own(REPORT_METRICS.utilisation, 'Average')],
        line: { value: 100, label: 'above: the backlog grows' },
      },
    ),
    graph(
      'Backlog and drain time',
      { unit: 'events', metrics: [own(REPORT_METRICS.backlog, 'Maximum')] },
      { unit: 's', metrics: [own(REPORT_METRICS.drainTime, 'Maximum')] },
    ),
    graph(
      'Age of the oldest message',
      {
        unit: 's',
        metrics: [queue.metricApproximateAgeOfOldestMessage(most)],
        line: { value: OLD.toSeconds(), label: 'old' },
      },
      {
        unit: 'groups',
        metrics: [
          queue.metric('ApproximateNumberOfGroupsWithInflightMessages', { ...most, label: 'groups in flight' }),
        ],
      },
    ),
    graph('Lead time', {
      unit: 'ms',
      metrics: [
        own(PROJECTOR_METRICS.leadTime, 'p50', 'lead time p50'),
        own(PROJECTOR_METRICS.leadTime, 'p99', 'lead time p99'),
        own(PROJECTOR_METRICS.queueTime, 'p99', 'queue time p99'),
        own(PROJECTOR_METRICS.processingTime, 'p99', 'processing time p99'),
      ],
      line: { value: leadTime.toMilliseconds(), label: 'objective for p99' },
    }),
    graph('Outcomes', { unit: 'events', metrics: outcomes }, undefined, true),
    graph('Staleness', {
      unit: 's',
      metrics: [own(REPORT_METRICS.staleness, 'Maximum')],
      line: { value: staleness.toSeconds(), label: 'objective' },
    }),
    graph('Parked events, dead letters and inventories', {
      unit: 'events',
      metrics: [
        own(REPORT_METRICS.parked, 'Maximum'),
        own(PROJECTOR_METRICS.conflicts, 'Sum'),
        own(HEALED_METRIC, 'Sum', 'healed entities'),
        own(DIFFERING_METRIC, 'Sum', 'differing entities'),
        own(ASKED_AGAIN_METRIC, 'Maximum', 'requests for a missing page'),
        cache.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...most, label: 'dead letters' }),
        cache.subscriptionDeadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...most, label: 'undelivered' }),
        cache.gapQueue.metricApproximateNumberOfMessagesVisible({ ...most, label: 'gaps' }),
      ],
    }),
    graph('Throttles and errors', {
      unit: 'count',
      metrics: [
        own(PROJECTOR_METRICS.throttled, 'Sum', 'throttled messages'),
        own(PROJECTOR_METRICS.returned, 'Sum', 'returned messages'),
        table.metric('WriteThrottleEvents', { ...sum, label: 'throttled table writes' }),
        projector.metricThrottles({ ...sum, label: 'projector throttles' }),
        projector.metricErrors({ ...sum, label: 'projector errors' }),
        repair.metricErrors({ ...sum, label: 'repair errors' }),
      ],
    }),
    graph('Hottest groups', {
      unit: 'events',
      metrics: [
        own(PROJECTOR_METRICS.hottestGroup, 'Maximum', 'largest group of a batch'),
        ...(hottestGroupsRule === undefined
          ? []
          : [
              contributors('hottest group', 'MaxContributorValue'),
              contributors('number of groups', 'UniqueContributors'),
            ]),
      ],
    }),
  ];
}
