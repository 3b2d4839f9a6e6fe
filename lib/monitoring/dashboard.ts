import { Dashboard, type IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { cacheTitle } from '../../core/graphs/cache-graphs.ts';
import { FACT_TITLES } from '../../core/graphs/fact-graphs.ts';
import { ownerTitle } from '../../core/graphs/owner-graphs.ts';
import type { EntityOwner } from '../entity-owner.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import type { LocalCache } from '../local-cache.ts';
import type { PostgresOwner } from '../postgres-owner.ts';
import type { Saga } from '../saga.ts';
import { cacheGraphs } from './cache-graphs.ts';
import { factQueueGraphs, factTopicGraphs, sagaGraphs } from './fact-graphs.ts';
import { heading } from './graph.ts';
import type { Thresholds } from './monitoring-props.ts';
import { ownerGraphs } from './owner-graphs.ts';

/** A part of the dashboard: one construct and its alarms. */
interface Part<T> {
  readonly of: T;
  readonly alarms: readonly IAlarm[];
}

/** The part of the dashboard on a cache. */
export interface CachePart extends Part<LocalCache> {
  /** The Contributor Insights rule that counts its message groups; undefined if there is none. */
  readonly hottestGroupsRule: string | undefined;
}

/** Everything that the dashboard shows. */
export interface Parts {
  readonly owners: readonly Part<EntityOwner | PostgresOwner>[];
  readonly caches: readonly CachePart[];
  readonly factTopics: readonly Part<FactTopic>[];
  readonly factQueues: readonly Part<FactQueue>[];
  readonly sagas: readonly Part<Saga>[];
}

/** Creates one dashboard. Each part begins with its alarms. */
export function createDashboard(
  scope: Construct,
  dashboardName: string,
  parts: Parts,
  objectives: Thresholds,
): Dashboard {
  const dashboard = new Dashboard(scope, 'Dashboard', { dashboardName });
  for (const cache of parts.caches) {
    dashboard.addWidgets(
      ...heading(cacheTitle(cache.of.boundary.name), cache.alarms),
      ...cacheGraphs(cache.of, cache.hottestGroupsRule, objectives),
    );
  }
  for (const owner of parts.owners) {
    dashboard.addWidgets(
      ...heading(ownerTitle(owner.of.boundary.name), owner.alarms),
      ...ownerGraphs(owner.of, objectives),
    );
  }
  for (const { of, alarms } of parts.factTopics) {
    dashboard.addWidgets(...heading(FACT_TITLES.topic(of.boundary.name), alarms), ...factTopicGraphs(of));
  }
  for (const { of, alarms } of parts.factQueues) {
    dashboard.addWidgets(...heading(FACT_TITLES.queue(of.name), alarms), ...factQueueGraphs(of));
  }
  for (const { of, alarms } of parts.sagas) {
    dashboard.addWidgets(
      ...heading(FACT_TITLES.saga(of.name), alarms),
      ...factQueueGraphs(of.facts),
      ...sagaGraphs(of),
    );
  }
  return dashboard;
}
