import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type AdoptedResource,
  adoptedGraphs,
  ownerGraphs as graphsOfOwner,
  type OwnerResource,
} from '../../core/graphs/owner-graphs.ts';
import type { EntityOwner } from '../entity-owner.ts';
import type { PostgresOwner } from '../postgres-owner.ts';
import { draw, type Metered } from './draw.ts';
import { emitterOf } from './metrics.ts';
import { objectiveLines, type Thresholds } from './monitoring-props.ts';

/** The graphs of an owner. */
export function ownerGraphs(owner: EntityOwner | PostgresOwner, thresholds: Thresholds): IWidget[] {
  const { boundary, failureQueue, relay, repair, flow } = owner;
  const adopted = 'adopted' in owner ? owner.adopted : undefined;
  const resources = { failureQueue, relay, repair, governor: flow.governor };
  const emitter = emitterOf(owner, boundary.name);
  const objectives = objectiveLines(thresholds);
  const always = draw(graphsOfOwner(objectives), {
    emitter,
    resources: resources satisfies Record<OwnerResource, Metered>,
  });
  if (adopted === undefined) return always;
  const functions = { adopter: adopted.adopter, surveyor: adopted.surveyor };
  return [
    ...always,
    ...draw(adoptedGraphs(objectives), {
      emitter,
      resources: functions satisfies Record<AdoptedResource, Metered>,
    }),
  ];
}
