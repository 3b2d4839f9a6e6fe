import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { type CacheResource, cacheGraphs as graphsOfCache } from '../../core/graphs/cache-graphs.ts';
import type { LocalCache } from '../local-cache.ts';
import { draw, type Metered } from './draw.ts';
import { emitterOf } from './metrics.ts';
import { objectiveLines, type Thresholds } from './monitoring-props.ts';

/**
 * The graphs of a cache.
 *
 * @param hottestGroupsRule the Contributor Insights rule that counts its message groups; undefined if there is none
 */
export function cacheGraphs(
  cache: LocalCache,
  hottestGroupsRule: string | undefined,
  thresholds: Thresholds,
): IWidget[] {
  const { boundary, queue, deadLetterQueue, subscriptionDeadLetterQueue, gapQueue, projector, repair, table } = cache;
  const resources = { queue, deadLetterQueue, subscriptionDeadLetterQueue, gapQueue, projector, repair, table };
  return draw(graphsOfCache(objectiveLines(thresholds), hottestGroupsRule !== undefined), {
    emitter: emitterOf(cache, boundary.name),
    resources: resources satisfies Record<CacheResource, Metered>,
    rule: hottestGroupsRule,
  });
}
