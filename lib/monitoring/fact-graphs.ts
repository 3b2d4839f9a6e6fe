import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import {
  failureResource,
  factQueueGraphs as graphsOfQueue,
  sagaGraphs as graphsOfSaga,
  factTopicGraphs as graphsOfTopic,
  handlerResource,
} from '../../core/graphs/fact-graphs.ts';
import { factQueueName, factRelayName } from '../../core/monitoring-names.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import type { Saga } from '../saga.ts';
import { draw } from './draw.ts';
import { emitterOf } from './metrics.ts';

/** The graphs of a topic of facts. */
export function factTopicGraphs(topic: FactTopic): IWidget[] {
  const { boundary, relay, failureQueue } = topic;
  const emitter = emitterOf(topic, factRelayName(boundary.name));
  return draw(graphsOfTopic(), { emitter, resources: { relay, failureQueue } });
}

/** The graphs of a queue of facts, or of the effects on which a saga's function failed. */
export function factQueueGraphs(facts: FactQueue): IWidget[] {
  const { name, holds, handlers, queue, deadLetterQueue, subscriptionDeadLetterQueue } = facts;
  const byResource = handlers.map((handler) => [handlerResource(handler.node.id), handler] as const);
  const graphs = graphsOfQueue(
    holds,
    handlers.map(({ node }) => node.id),
  );
  return draw(graphs, {
    emitter: emitterOf(facts, factQueueName(name)),
    resources: { queue, deadLetterQueue, subscriptionDeadLetterQueue, ...Object.fromEntries(byResource) },
  });
}

/** The graphs of a saga, without those of its queue. */
export function sagaGraphs(saga: Saga): IWidget[] {
  const { name, deadlines, effectHandlers } = saga;
  const ids = effectHandlers.map(({ handler }) => handler.node.id);
  const byResource = effectHandlers.flatMap(({ handler, failureQueue }) => [
    [handlerResource(handler.node.id), handler] as const,
    [failureResource(handler.node.id), failureQueue] as const,
  ]);
  const resources = { deadlines, ...Object.fromEntries(byResource) };
  return draw(graphsOfSaga(ids), { emitter: emitterOf(saga, name), resources });
}
