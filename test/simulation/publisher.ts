import type { PublishResult } from '../../core/relay/batch.ts';
import type { Invocation } from './invocations.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** Probability that a PublishBatch call accepts only some of its entries. */
const PARTIAL = 0.02;

type Publish<M> = (messages: readonly M[]) => Promise<readonly PublishResult[]>;

/** A function's port to the topic for one invocation. A call may accept only some of its entries. */
export function publisher<M>(
  { faults }: World,
  invocation: Invocation,
  draws: Random,
  publish: (message: M) => PublishResult,
): Publish<M> {
  const failed = { kind: 'failed', message: 'InternalError' } as const;
  return async (messages) => {
    try {
      return await invocation.call('topic', '', (): readonly PublishResult[] => {
        if (messages.length < 2 || !faults.happens('partialPublish', PARTIAL)) return messages.map(publish);
        faults.count('partialPublish');
        return messages.map((message) => (draws.chance(0.5) ? publish(message) : failed));
      });
    } catch (error) {
      return messages.map(() => ({ kind: 'failed', message: String(error) }) as const);
    }
  };
}
