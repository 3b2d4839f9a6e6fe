import { LIMITS } from '../limits.ts';
import { consumedQueues, numberOr, ownOf, type Plan, type Problem, TYPE } from './plan.ts';

const VISIBILITY_FACTOR = LIMITS.visibilityPerFunctionTimeout;

/** A queue hides what was received for at least six time-outs of the function that works on it. */
export function visibilityCoversTimeout(plan: Plan): readonly Problem[] {
  return consumedQueues(plan).flatMap(({ mapping, queue, consumer }) => {
    const hidden = numberOr(queue.properties.VisibilityTimeout, LIMITS.defaultVisibility.toSeconds());
    const timeout = consumer && numberOr(consumer.properties.Timeout, LIMITS.defaultFunctionTimeout.toSeconds());
    const window = numberOr(mapping.properties.MaximumBatchingWindowInSeconds, 0);
    if (hidden === undefined || timeout === undefined || window === undefined) return [];
    const needed = VISIBILITY_FACTOR * timeout + window;
    if (hidden >= needed) return [];
    return {
      path: queue.path,
      what: `VisibilityTimeout is ${hidden} s, and ${consumer?.path} may take ${timeout} s${window > 0 ? ` after up to ${window} s of batching` : ''}`,
      why: 'a message that becomes visible while it is worked on, or while Lambda tries again after throttling, is received a second time',
      page: 'lambda/services-sqs-configure',
      fix: `set VisibilityTimeout to at least ${needed} s, ${VISIBILITY_FACTOR} times the function's Timeout${window > 0 ? ' and the batching window' : ''}, or shorten the Timeout`,
    };
  });
}

/** A FIFO queue's throughput per message group works only with deduplication per message group. */
export function throughputHasItsScope(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.queue).flatMap(({ path, properties }) => {
    const { FifoThroughputLimit: limit, DeduplicationScope: scope } = properties;
    if (limit !== 'perMessageGroupId' || scope === 'messageGroup' || typeof scope === 'object') return [];
    return {
      path,
      what: `FifoThroughputLimit is perMessageGroupId, and DeduplicationScope is ${scope ?? 'not given (queue)'}`,
      why: 'SQS allows that limit only with deduplication per message group; without it the throughput stays the normal one, 300 calls a second',
      page: 'sqs/enable-high-throughput-fifo',
      fix: 'set DeduplicationScope to messageGroup, or leave FifoThroughputLimit out',
    };
  });
}
