import { LIMITS } from '../limits.ts';
import { below, isFifo, isSet, numberOr, ownOf, type Plan, type Problem, type Rendered, TYPE } from './plan.ts';

/** Every subscription, and every queue that receives changes, has a dead-letter queue of its own type. */
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
        why:
          'SNS drops events that it cannot deliver to the queue without a trace, and does not retry if a ' +
          'permission or key is refused',
        page: 'sns/sns-dead-letter-queues',
        fix: 'add a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
      },
    ];
  }
  if (fifo !== true || isFifo(plan, subscription, target) !== false) return [];
  return [
    {
      path,
      what: 'the subscription of a FIFO queue uses a standard queue as its dead-letter queue',
      why:
        'a FIFO topic can only use a FIFO queue as a dead-letter queue, so events that it cannot deliver would be ' +
        'lost',
      page: 'sns/sns-dead-letter-queues',
      fix: 'set deadLetterTargetArn to a FIFO queue',
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
        what: 'the queue that receives changes has no RedrivePolicy with a deadLetterTargetArn',
        why:
          'an event that crashes the projector on every attempt returns until it expires, and SQS then deletes it ' +
          'without a trace',
        page: 'sqs/sqs-dead-letter-queues',
        fix: 'add a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
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
      what: `a ${typeName(fifo)} queue uses a ${typeName(given)} queue as its dead-letter queue`,
      why: 'SQS accepts only a dead-letter queue of the same type, so the deployment would fail',
      page: 'sqs/API_SetQueueAttributes',
      fix: `set deadLetterTargetArn to a ${typeName(fifo)} queue`,
    });
  }
  if (receives !== undefined && receives < LIMITS.minMaxReceiveCount) {
    problems.push({
      path,
      what: `maxReceiveCount is ${receives}`,
      why:
        'throttling counts as a receive, and in a FIFO queue the messages behind a failing message are counted ' +
        'with it, so SQS would move healthy messages out of order',
      page: 'lambda/services-sqs-configure',
      fix:
        `set maxReceiveCount to at least ${LIMITS.minMaxReceiveCount}; the constructs use ` +
        `${LIMITS.maxMaxReceiveCount}, because the projector parks poison itself`,
    });
  }
  return problems;
}

/** The property that names the dead-letter queue of a queue or subscription. */
export function deadLetterTarget(resource: Rendered): unknown {
  return redrivePolicy(resource).deadLetterTargetArn;
}

/** CloudFormation accepts the policy as an object or as JSON text. */
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
