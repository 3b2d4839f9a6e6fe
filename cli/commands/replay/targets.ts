import { openSubscription, topicOfSubscription } from 'freshet-aws/internal/adapters/facts/subscriptions';
import { quoted } from 'freshet-aws/internal/core/errors';
import type { ReplayableSubscription } from 'freshet-aws/internal/core/repair/replay';
import type { Deployment, FactQueue } from '../../deployment/deployment.ts';
import { onlyOne } from '../../deployment/names.ts';
import { UsageError } from '../../errors.ts';

/** One of a queue's subscriptions. */
export interface Target extends ReplayableSubscription {
  readonly arn: string;
  /** The boundary that publishes to its topic; the topic's name if the topic isn't in the deployment. */
  readonly boundary: string;
}

/**
 * Opens the subscriptions of a queue of facts.
 *
 * @param of the boundaries whose facts are replayed; default: all
 * @throws UsageError if the queue is unknown, has no known subscription, or a boundary is none of its
 */
export function targetsOf(deployment: Deployment, name: string, of: readonly string[] = []): Target[] {
  const { subscriptions } = queueNamed(deployment, name).deployed;
  if (subscriptions === undefined) {
    throw new UsageError(
      `queue: the subscriptions of ${name} aren't known, because it was deployed with an earlier version of Freshet. ` +
        'Deploy its stack again.',
    );
  }
  const all = subscriptions.map((arn): Target => {
    const topicArn = topicOfSubscription(arn);
    const facts = deployment.factTopics.find((topic) => topic.topicArn === topicArn);
    const boundary = facts?.boundary ?? topicArn.slice(topicArn.lastIndexOf(':') + 1);
    return { ...openSubscription(deployment.clients.topics, arn), arn, boundary };
  });
  const names = all.map(({ boundary }) => boundary);
  const stranger = of.find((boundary) => !names.includes(boundary));
  if (stranger !== undefined) {
    throw new UsageError(`--of: ${name} has no facts of ${quoted(stranger)}. Allowed: ${names.join(', ')}.`);
  }
  return of.length === 0 ? all : all.filter(({ boundary }) => of.includes(boundary));
}

/** Finds a queue of facts, of a service or of a saga. The queues of failed effects have no facts. */
function queueNamed({ factQueues, sagas }: Deployment, name: string): FactQueue {
  const ofFacts = factQueues.filter((queue) => !sagas.some((saga) => queue.name.startsWith(`${saga.name}-effects`)));
  const found = onlyOne(
    ofFacts.filter((queue) => queue.name === name),
    `queues of facts are named ${quoted(name)}`,
  );
  if (found !== undefined) return found;
  throw new UsageError(
    `queue: no queue of facts and no saga is named ${quoted(name)}. Allowed: ` +
      `${ofFacts.map((queue) => queue.name).join(', ') || 'none in this deployment'}.`,
  );
}
