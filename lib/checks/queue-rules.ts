import { LIMITS } from '../limits.ts';
import { consumedQueues, numberOr, ownOf, type Plan, type Problem, TYPE } from './plan.ts';

const VISIBILITY_FACTOR = LIMITS.visibilityPerFunctionTimeout;

/** A queue hides a received message for at least six time-outs of the function that processes it. */
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
      what:
        `VisibilityTimeout is ${hidden} s, but ${consumer?.path} may run for ${timeout} ` +
        `s${window > 0 ? ` after up to ${window} s of batching` : ''}`,
      why:
        'a message that becomes visible during processing, or while Lambda retries after throttling, is received ' +
        'a second time',
      page: 'lambda/services-sqs-configure',
      fix:
        `set VisibilityTimeout to at least ${needed} s (${VISIBILITY_FACTOR} times the function's ` +
        `Timeout${window > 0 ? ' plus the batching window' : ''}), or shorten the Timeout`,
    };
  });
}

/** A FIFO queue has a throughput limit per message group only together with deduplication per message group. */
export function throughputHasItsDeduplicationScope(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.queue).flatMap(({ path, properties }) => {
    const { FifoThroughputLimit: limit, DeduplicationScope: scope } = properties;
    if (limit !== 'perMessageGroupId' || scope === 'messageGroup' || typeof scope === 'object') return [];
    return {
      path,
      what:
        'FifoThroughputLimit is perMessageGroupId, but DeduplicationScope is ' +
        `${scope ?? 'not set (default: queue)'}`,
      why:
        'SQS allows this limit only with deduplication per message group; otherwise the throughput stays at 300 ' +
        'calls a second',
      page: 'sqs/enable-high-throughput-fifo',
      fix: 'set DeduplicationScope to messageGroup, or remove FifoThroughputLimit',
    };
  });
}
