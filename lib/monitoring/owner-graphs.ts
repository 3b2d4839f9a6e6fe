import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { ownerGraphs as graphsOfOwner, type OwnerResource } from '../../core/graphs/owner-graphs.ts';
import type { EntityOwner } from '../entity-owner.ts';
import { draw, type Metered } from './draw.ts';
import { emitterOf } from './metrics.ts';
import { objectiveLines, type Thresholds } from './monitoring-props.ts';

/** The graphs of an owner. */
export function ownerGraphs(owner: EntityOwner, thresholds: Thresholds): IWidget[] {
  const { boundary, failureQueue, relay, repair, flow } = owner;
  const resources = { failureQueue, relay, repair, governor: flow.governor };
  return draw(graphsOfOwner(objectiveLines(thresholds)), {
    emitter: emitterOf(owner, boundary.name),
    resources: resources satisfies Record<OwnerResource, Metered>,
  });
}
