import { cacheGraphs, cacheTitle } from 'freshet-aws/internal/core/graphs/cache-graphs';
import {
  FACT_TITLES,
  factQueueGraphs,
  factTopicGraphs,
  failureResource,
  handlerResource,
  sagaGraphs,
} from 'freshet-aws/internal/core/graphs/fact-graphs';
import type { Graph } from 'freshet-aws/internal/core/graphs/graph';
import { adoptedGraphs, ownerGraphs, ownerTitle } from 'freshet-aws/internal/core/graphs/owner-graphs';
import type { Emitter } from 'freshet-aws/internal/core/metrics';
import { factQueueName, factRelayName, hottestGroupsRule } from 'freshet-aws/internal/core/monitoring-names';
import type { Deployment, FactQueue, FoundCache, FoundOwner } from '../../deployment/deployment.ts';
import { effectQueuesOf, serviceQueues } from '../../observe/facts.ts';

/** A group of graphs and what they are drawn from. */
export interface Drawn {
  readonly graphs: readonly Graph[];
  /** The emitter of the construct's own metrics; undefined if its stack doesn't say it. */
  readonly emitter: Emitter | undefined;
  /** Physical names or URLs, by the names that the graphs have for them. An unknown one is undefined. */
  readonly resources: Readonly<Record<string, string | undefined>>;
  /** The Contributor Insights rule of a cache, if there is one. */
  readonly rule?: string;
}

/** A part of the dashboard. A saga has the graphs of its queue, and its own. */
export interface DrawnPart {
  readonly title: string;
  readonly drawn: readonly Drawn[];
}

/** The outputs of stacks don't say the objectives, so the lines for them are left out. */
const UNKNOWN = { leadTimeMs: undefined, stalenessSeconds: undefined };

/** The parts of a deployment, in the order of the dashboard. */
export function partsOf(deployment: Deployment): DrawnPart[] {
  const { caches, owners, factTopics, sagas } = deployment;
  const queues = [...serviceQueues(deployment), ...sagas.flatMap(({ name }) => effectQueuesOf(deployment, name))];
  return [
    ...caches.map(ofCache),
    ...owners.map(ofOwner),
    ...factTopics.map(ofFactTopic),
    ...queues.map((queue) => ({ title: FACT_TITLES.queue(queue.name), drawn: [ofFactQueue(deployment, queue)] })),
    ...sagas.map((saga) => ofSaga(deployment, saga)),
  ];
}

function ofCache({ name, deployed }: FoundCache): DrawnPart {
  const { stack, queueUrl, deadLetterQueueUrl, subscriptionDeadLetterQueueUrl, gapQueueUrl } = deployed;
  const { projector, repair, table } = deployed;
  const resources = {
    queue: queueUrl,
    deadLetterQueue: deadLetterQueueUrl,
    subscriptionDeadLetterQueue: subscriptionDeadLetterQueueUrl,
    gapQueue: gapQueueUrl,
    projector,
    repair,
    table,
  };
  const rule = hottestGroupsRule(projector);
  return {
    title: cacheTitle(name),
    drawn: [{ graphs: cacheGraphs(UNKNOWN, true), emitter: { name, stack }, resources, rule }],
  };
}

function ofOwner({ name, deployed }: FoundOwner): DrawnPart {
  const { stack, failureQueueUrl, relay, governor, repair, adopter, surveyor } = deployed;
  const resources = { failureQueue: failureQueueUrl, relay, governor, repair };
  const emitter = { name, stack };
  const always = { graphs: ownerGraphs(UNKNOWN), emitter, resources };
  const adopted = { graphs: adoptedGraphs(UNKNOWN), emitter, resources: { adopter, surveyor } };
  return { title: ownerTitle(name), drawn: adopter === undefined ? [always] : [always, adopted] };
}

function ofFactTopic({ boundary, stack, relay, failureQueueUrl }: Deployment['factTopics'][number]): DrawnPart {
  const emitter = emitterOf(factRelayName(boundary), stack);
  const resources = { relay, failureQueue: failureQueueUrl };
  return { title: FACT_TITLES.topic(boundary), drawn: [{ graphs: factTopicGraphs(), emitter, resources }] };
}

/** A function by the id of its construct. */
interface Handler {
  readonly id: string;
  readonly functionName: string;
}

/** The id of the function that handles a saga's facts. */
const DECIDER_ID = 'Decider';

/**
 * The functions that handle the messages of a queue, as far as they are known: no output names the function of a
 * service that handles facts.
 */
function handlersOf({ sagas, effects }: Deployment, queue: string): Handler[] {
  return [
    ...sagas.flatMap(({ name, decider }) => (name === queue ? [{ id: DECIDER_ID, functionName: decider }] : [])),
    ...effects.flatMap((one) => (one.retries === queue ? [handlerOf(one)] : [])),
  ];
}

function handlerOf({ handler, handlerId = handler }: Deployment['effects'][number]): Handler {
  return { id: handlerId, functionName: handler };
}

function ofFactQueue(deployment: Deployment, { name, deployed }: FactQueue): Drawn {
  const isOfEffects = deployment.sagas.some((saga) =>
    effectQueuesOf(deployment, saga.name).some((one) => one.name === name),
  );
  const handlers = handlersOf(deployment, name);
  const graphs = factQueueGraphs(
    isOfEffects ? 'effects' : 'facts',
    handlers.map(({ id }) => id),
  );
  return {
    graphs,
    emitter: emitterOf(factQueueName(name), deployed.stack),
    resources: {
      queue: deployed.queueUrl,
      deadLetterQueue: deployed.deadLetterQueueUrl,
      subscriptionDeadLetterQueue: deployed.subscriptionDeadLetterQueueUrl,
      ...Object.fromEntries(handlers.map(({ id, functionName }) => [handlerResource(id), functionName])),
    },
  };
}

function ofSaga(deployment: Deployment, { name, stack, deadlines }: Deployment['sagas'][number]): DrawnPart {
  const handlers = deployment.effects.filter((one) => one.name === name);
  const resources = Object.fromEntries([
    ['deadlines', deadlines],
    ...handlers.map((one) => [handlerResource(handlerOf(one).id), one.handler] as const),
    ...handlers.map((one) => [failureResource(handlerOf(one).id), one.failureQueueUrl] as const),
  ]);
  const facts = deployment.factQueues.filter((queue) => queue.name === name);
  const graphs = sagaGraphs(handlers.map((one) => handlerOf(one).id));
  return {
    title: FACT_TITLES.saga(name),
    drawn: [
      ...facts.map((queue) => ofFactQueue(deployment, queue)),
      { graphs, emitter: emitterOf(name, stack), resources },
    ],
  };
}

function emitterOf(name: string, stack: string | undefined): Emitter | undefined {
  return stack === undefined ? undefined : { name, stack };
}
