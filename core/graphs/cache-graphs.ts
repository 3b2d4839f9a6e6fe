import {
  ASKED_AGAIN_METRIC,
  DIFFERING_METRIC,
  HEALED_METRIC,
  OUTCOME_METRICS,
  PROJECTOR_METRICS,
  REPORT_METRICS,
} from '../metrics.ts';
import { errorsOf, type Graph, lineAt, type ObjectiveLines, oldestMessage, own, visibleMessages } from './graph.ts';
import { OLD_SECONDS } from './lines.ts';

/** The resources of a cache that graphs draw. */
export type CacheResource =
  | 'queue'
  | 'deadLetterQueue'
  | 'subscriptionDeadLetterQueue'
  | 'gapQueue'
  | 'projector'
  | 'repair'
  | 'table';

/** The title of the part about a cache. */
export function cacheTitle(name: string): string {
  return `Cache ${name}`;
}

/**
 * The graphs of a cache.
 *
 * @param objectives lines for the objectives that are known
 * @param countsGroups whether a Contributor Insights rule counts the cache's message groups
 */
export function cacheGraphs(objectives: ObjectiveLines, countsGroups: boolean): Graph<CacheResource>[] {
  return [...flowGraphs(objectives), ...outcomeGraphs(objectives), faultGraph, groupGraph(countsGroups)];
}

function flowGraphs({ leadTimeMs }: ObjectiveLines): Graph<CacheResource>[] {
  return [
    {
      title: 'Inflow and outflow',
      left: {
        unit: 'events/s',
        series: [
          own(REPORT_METRICS.productionRate, 'Average', 'inflow: production rate'),
          own(REPORT_METRICS.consumptionRate, 'Average', 'outflow: consumption rate'),
          { kind: 'rate', of: 'queue', metric: 'NumberOfMessagesSent', name: 'sent', label: 'sent to the queue' },
          {
            kind: 'rate',
            of: 'queue',
            metric: 'NumberOfMessagesDeleted',
            name: 'deleted',
            label: 'deleted from the queue',
          },
        ],
      },
      right: {
        unit: '%',
        series: [own(REPORT_METRICS.utilisation, 'Average')],
        line: { value: 100, label: 'above: the backlog grows' },
      },
    },
    {
      title: 'Backlog and drain time',
      left: { unit: 'events', series: [own(REPORT_METRICS.backlog, 'Maximum')] },
      right: { unit: 's', series: [own(REPORT_METRICS.drainTime, 'Maximum')] },
    },
    {
      title: 'Age of the oldest message',
      left: { unit: 's', series: [oldestMessage('queue')], line: { value: OLD_SECONDS, label: 'old' } },
      right: {
        unit: 'groups',
        series: [
          {
            kind: 'queue',
            of: 'queue',
            metric: 'ApproximateNumberOfGroupsWithInflightMessages',
            statistic: 'Maximum',
            label: 'groups in flight',
          },
        ],
      },
    },
    {
      title: 'Lead time',
      left: {
        unit: 'ms',
        series: [
          own(PROJECTOR_METRICS.leadTime, 'p50', 'lead time p50'),
          own(PROJECTOR_METRICS.leadTime, 'p99', 'lead time p99'),
          own(PROJECTOR_METRICS.queueTime, 'p99', 'queue time p99'),
          own(PROJECTOR_METRICS.processingTime, 'p99', 'processing time p99'),
        ],
        line: lineAt(leadTimeMs, 'objective for p99'),
      },
    },
  ];
}

function outcomeGraphs({ stalenessSeconds }: ObjectiveLines): Graph<CacheResource>[] {
  return [
    {
      title: 'Outcomes',
      left: { unit: 'events', series: Object.values(OUTCOME_METRICS).map((metric) => own(metric, 'Sum')) },
      isStacked: true,
    },
    {
      title: 'Staleness',
      left: {
        unit: 's',
        series: [own(REPORT_METRICS.staleness, 'Maximum')],
        line: lineAt(stalenessSeconds, 'objective'),
      },
    },
    {
      title: 'Parked events, dead letters and inventories',
      left: {
        unit: 'events',
        series: [
          own(REPORT_METRICS.parked, 'Maximum'),
          own(PROJECTOR_METRICS.conflicts, 'Sum'),
          own(HEALED_METRIC, 'Sum', 'healed entities'),
          own(DIFFERING_METRIC, 'Sum', 'differing entities'),
          own(ASKED_AGAIN_METRIC, 'Maximum', 'requests for a missing page'),
          visibleMessages('deadLetterQueue', 'dead letters'),
          visibleMessages('subscriptionDeadLetterQueue', 'undelivered'),
          visibleMessages('gapQueue', 'gaps'),
        ],
      },
    },
  ];
}

const faultGraph: Graph<CacheResource> = {
  title: 'Throttles and errors',
  left: {
    unit: 'count',
    series: [
      own(PROJECTOR_METRICS.throttled, 'Sum', 'throttled messages'),
      own(PROJECTOR_METRICS.returned, 'Sum', 'returned messages'),
      {
        kind: 'table',
        of: 'table',
        metric: 'WriteThrottleEvents',
        statistic: 'Sum',
        label: 'throttled table writes',
      },
      { kind: 'function', of: 'projector', metric: 'Throttles', statistic: 'Sum', label: 'projector throttles' },
      errorsOf('projector', 'projector errors'),
      errorsOf('repair', 'repair errors'),
    ],
  },
};

function groupGraph(countsGroups: boolean): Graph<CacheResource> {
  return {
    title: 'Hottest groups',
    left: {
      unit: 'events',
      series: [
        own(PROJECTOR_METRICS.hottestGroup, 'Maximum', 'largest group of a batch'),
        ...(countsGroups
          ? ([
              { kind: 'contributors', metric: 'MaxContributorValue', label: 'hottest group' },
              { kind: 'contributors', metric: 'UniqueContributors', label: 'number of groups' },
            ] as const)
          : []),
      ],
    },
  };
}
