import { Dashboard, type IAlarm, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import {
  GOVERNOR_METRICS,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  RELAY_DELAY_METRIC,
  RELAY_METRICS,
  REPORT_METRICS,
} from '../../core/metrics.ts';
import type { EntityOwner } from '../entity-owner.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import type { LocalCache } from '../local-cache.ts';
import type { Saga } from '../saga.ts';
import { OLD } from './cache-alarms.ts';
import { factQueueGraphs, factTopicGraphs, sagaGraphs } from './fact-graphs.ts';
import { graph, heading } from './graph.ts';
import { type FreshetMetric, freshetMetric, math, PERIOD, type Statistic } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';
import { STREAM_USE } from './owner-alarms.ts';

/** One boundary's part of the dashboard. */
interface Part<T> {
  readonly of: T;
  readonly alarms: readonly IAlarm[];
}

/** A cache's part. */
export interface CachePart extends Part<LocalCache> {
  /** The Contributor Insights rule on its groups; undefined for none. */
  readonly hottestGroupsRule: string | undefined;
}

/** All that is watched. */
export interface Parts {
  readonly owners: readonly Part<EntityOwner>[];
  readonly caches: readonly CachePart[];
  readonly factTopics: readonly Part<FactTopic>[];
  readonly factQueues: readonly Part<FactQueue>[];
  readonly sagas: readonly Part<Saga>[];
}

/** One dashboard of all that is watched, each with its alarms first. */
export function createDashboard(
  scope: Construct,
  dashboardName: string,
  parts: Parts,
  objectives: Thresholds,
): Dashboard {
  const dashboard = new Dashboard(scope, 'Dashboard', { dashboardName });
  for (const cache of parts.caches) {
    dashboard.addWidgets(
      ...heading(`Cache ${cache.of.boundary.name}`, cache.alarms),
      ...cacheGraphs(cache, objectives),
    );
  }
  for (const owner of parts.owners) {
    dashboard.addWidgets(
      ...heading(`Owner ${owner.of.boundary.name}`, owner.alarms),
      ...ownerGraphs(owner.of, objectives),
    );
  }
  for (const { of, alarms } of parts.factTopics) {
    dashboard.addWidgets(...heading(`Facts of ${of.boundary.name}`, alarms), ...factTopicGraphs(of));
  }
  for (const { of, alarms } of parts.factQueues) {
    dashboard.addWidgets(...heading(`Queue of facts ${of.name}`, alarms), ...factQueueGraphs(of));
  }
  for (const { of, alarms } of parts.sagas) {
    dashboard.addWidgets(...heading(`Saga ${of.name}`, alarms), ...factQueueGraphs(of.facts), ...sagaGraphs(of));
  }
  return dashboard;
}

function cacheGraphs({ of: cache, hottestGroupsRule }: CachePart, { leadTime, staleness }: Thresholds): IWidget[] {
  const { boundary, queue, projector, repair, table } = cache;
  const own = (metric: FreshetMetric, statistic: Statistic, label?: string) =>
    freshetMetric(boundary, metric, statistic, label);
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
      { unit: '%', metrics: [own(REPORT_METRICS.utilisation, 'Average')], line: { value: 100, label: 'kept up with' } },
    ),
    graph(
      'Backlog and drain time',
      { unit: 'events', metrics: [own(REPORT_METRICS.backlog, 'Maximum')] },
      { unit: 's', metrics: [own(REPORT_METRICS.drainTime, 'Maximum')] },
    ),
    graph(
      'Oldest age',
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
    graph('Parked and dead letters', {
      unit: 'events',
      metrics: [
        own(REPORT_METRICS.setAside, 'Maximum'),
        own(PROJECTOR_METRICS.conflicts, 'Sum'),
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
        table.metric('WriteThrottleEvents', { ...sum, label: 'throttled writes of the table' }),
        projector.metricThrottles({ ...sum, label: 'projector throttles' }),
        projector.metricErrors({ ...sum, label: 'projector errors' }),
        repair.metricErrors({ ...sum, label: 'repair errors' }),
      ],
    }),
    graph('Hottest groups', {
      unit: 'events',
      metrics: [
        own(PROJECTOR_METRICS.hottestGroup, 'Maximum', 'of one group in a batch'),
        ...(hottestGroupsRule === undefined
          ? []
          : [
              contributors('of the hottest group', 'MaxContributorValue'),
              contributors('groups', 'UniqueContributors'),
            ]),
      ],
    }),
  ];
}

function ownerGraphs(
  { boundary, failureQueue, relay, repair, flow }: EntityOwner,
  { leadTime }: Thresholds,
): IWidget[] {
  const own = (metric: FreshetMetric, statistic: Statistic, label?: string) =>
    freshetMetric(boundary, metric, statistic, label);
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
      'Relay delay and use of the stream',
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
    graph('Not published, reports missing, errors', {
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
