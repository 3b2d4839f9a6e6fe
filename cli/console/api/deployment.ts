import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import type { Deployment } from '../../deployment/deployment.ts';
import { serviceQueues } from '../../observe/facts.ts';
import { type Boundaries, readBoundaries, typesOf } from './boundaries.ts';
import type { CacheNode, DeploymentDocument, OwnerNode, SagaNode } from './documents.ts';

/** Reads what is deployed. */
export async function readDeployment(
  deployment: Deployment,
): Promise<Omit<DeploymentDocument, 'instance' | 'actions'>> {
  const { place, isLocal, stacks, factTopics, sagas } = deployment;
  const boundaries = await readBoundaries(deployment);
  return {
    place,
    isLocal,
    stacks,
    owners: ownerNodes(deployment, boundaries),
    caches: cacheNodes(deployment, boundaries),
    factTopics: factTopics.map(({ boundary, topicArn, relay }) => ({ boundary, topic: lastPart(topicArn), relay })),
    factQueues: serviceQueues(deployment).map(({ name, deployed }) => ({
      name,
      queue: lastPart(deployed.queueUrl),
      boundaries: deployed.boundaries ?? null,
    })),
    sagas: sagas.map((saga) => sagaNode(deployment, saga)),
    types: typesOf(deployment, boundaries),
  };
}

function ownerNodes({ owners }: Deployment, { found }: Boundaries): OwnerNode[] {
  return owners.map(({ name, deployed: { stack, table, topicArn, relay, governor } }) => ({
    name,
    stack,
    types: typesIn(found.get(name)?.owns),
    table: table ?? null,
    topic: lastPart(topicArn),
    relay,
    governor,
  }));
}

function cacheNodes({ caches }: Deployment, { found }: Boundaries): CacheNode[] {
  return caches.map(({ name, deployed: { stack, table, queueUrl, projector, repair } }) => ({
    name,
    stack,
    types: typesIn(found.get(name)?.caches),
    owners: ownersOf(found.get(name)),
    table,
    queue: lastPart(queueUrl),
    projector,
    repair,
  }));
}

function typesIn(types: Readonly<Record<string, unknown>> | undefined): string[] | null {
  return types === undefined ? null : Object.keys(types).sort();
}

function ownersOf(boundary: Boundary | undefined): string[] | null {
  if (boundary === undefined) return null;
  return [...new Set(Object.values(boundary.caches).map(({ contract }) => contract.owner))].sort();
}

/** A saga of a deployment, as the outputs of its stacks describe it. */
export function sagaNode(
  { factQueues, effects }: Pick<Deployment, 'factQueues' | 'effects'>,
  saga: Deployment['sagas'][number],
): SagaNode {
  const { name, table, decider } = saga;
  const queue = factQueues.find((one) => one.name === name)?.deployed.queueUrl ?? '';
  return {
    name,
    table,
    queue: lastPart(queue),
    decider,
    effectHandlers: effects.filter((one) => one.name === name).map(({ handler }) => handler),
    ...sagaFacts(saga),
  };
}

/** What a saga waits for; null as far as its stack doesn't say. */
export function sagaFacts({
  needs,
  cancelledBy,
  deadlineSeconds,
}: Deployment['sagas'][number]): Pick<SagaNode, 'needs' | 'cancelledBy' | 'deadlineSeconds'> {
  return { needs: needs ?? null, cancelledBy: cancelledBy ?? null, deadlineSeconds: deadlineSeconds ?? null };
}

/** The name at the end of an ARN or of a queue's URL. */
function lastPart(address: string): string {
  return address.slice(address.search(/[^:/]*$/));
}
