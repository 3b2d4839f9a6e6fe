import { LIMITS } from '../limits.ts';
import { below, isFifo, isSet, numberOr, ownOf, type Plan, type Problem, type Rendered, TYPE } from './plan.ts';

/** What can't be delivered or worked off is kept: a dead-letter queue, of its source's type. */
export function deadLettersAreKept(plan: Plan): readonly Problem[] {
  const subscriptions = ownOf(plan, TYPE.subscription).filter(({ properties }) => properties.Protocol === 'sqs');
  const endpoints = subscriptions.map((one) => plan.target(one, one.properties.Endpoint));
  return [
    ...subscriptions.flatMap((one) => subscriptionDeadLetters(plan, one)),
    ...ownOf(plan, TYPE.queue).flatMap((queue) => queueDeadLetters(plan, queue, endpoints.includes(queue))),
  ];
}

function subscriptionDeadLetters(plan: Plan, subscription: Rendered): readonly Problem[] {
  const { path, properties } = subscription;
  const target = deadLetterTarget(subscription);
  const fifo = isFifo(plan, subscription, properties.Endpoint);
  if (target === undefined) {
    return [
      {
        path,
        what: 'the subscription has no RedrivePolicy with a deadLetterTargetArn',
        why: 'what SNS cannot deliver to the queue, at once where a permission or key is refused, is dropped without a trace',
        page: 'sns/sns-dead-letter-queues',
        fix: 'give it a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
      },
    ];
  }
  if (fifo !== true || isFifo(plan, subscription, target) !== false) return [];
  return [
    {
      path,
      what: 'the subscription of a FIFO queue has a standard queue as its dead-letter queue',
      why: 'a FIFO topic sets aside in FIFO queues only, so what it cannot deliver would be lost',
      page: 'sns/sns-dead-letter-queues',
      fix: 'let deadLetterTargetArn be a FIFO queue',
    },
  ];
}

function queueDeadLetters(plan: Plan, queue: Rendered, isSubscribed: boolean): readonly Problem[] {
  const { path } = queue;
  const target = deadLetterTarget(queue);
  if (target === undefined) {
    if (!isSubscribed) return [];
    return [
      {
        path,
        what: 'the queue of the changes has no RedrivePolicy with a deadLetterTargetArn',
        why: 'an event that crashes its projector each time comes back until it expires, and is then lost without a trace',
        page: 'sqs/sqs-dead-letter-queues',
        fix: 'give it a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
      },
    ];
  }
  const fifo = isSet(queue.properties.FifoQueue);
  const given = isFifo(plan, queue, target);
  const receives = numberOr(redrivePolicy(queue).maxReceiveCount, undefined);
  const problems: Problem[] = [];
  if (given !== undefined && given !== fifo) {
    problems.push({
      path,
      what: `a ${typeName(fifo)} queue has a ${typeName(given)} queue as its dead-letter queue`,
      why: 'SQS takes only a dead-letter queue of the same type, so the deployment would fail',
      page: 'sqs/API_SetQueueAttributes',
      fix: `let deadLetterTargetArn be a ${typeName(fifo)} queue`,
    });
  }
  if (receives !== undefined && receives < LIMITS.minMaxReceiveCount) {
    problems.push({
      path,
      what: `maxReceiveCount is ${receives}`,
      why: 'throttling counts, and in a FIFO queue those behind a failing message count with it, so innocent messages would be moved out of order',
      page: 'lambda/services-sqs-configure',
      fix: `set maxReceiveCount to at least ${LIMITS.minMaxReceiveCount}; the constructs use ${LIMITS.maxMaxReceiveCount}, since the projector sets poison aside by itself`,
    });
  }
  return problems;
}

/** The value that names a queue's or subscription's dead-letter queue. */
export function deadLetterTarget(resource: Rendered): unknown {
  return redrivePolicy(resource).deadLetterTargetArn;
}

/** CloudFormation takes it as an object or as its JSON. */
function redrivePolicy({ properties }: Rendered): {
  readonly deadLetterTargetArn: unknown;
  readonly maxReceiveCount: unknown;
} {
  const policy = properties.RedrivePolicy;
  const read = typeof policy === 'string' ? parsed(policy) : policy;
  return {
    deadLetterTargetArn: below(read, 'deadLetterTargetArn'),
    maxReceiveCount: below(read, 'maxReceiveCount'),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function typeName(fifo: boolean): string {
  return fifo ? 'FIFO' : 'standard';
}
