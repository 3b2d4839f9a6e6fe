import type { SetAside } from 'freshet-aws/internal/core/project/ports';
import type { SetAsideKey } from 'freshet-aws/internal/core/repair/redrive';
import type { FactQueueSession } from '../session.ts';
import type { Ended } from './outcomes.ts';

/**
 * Sends facts that are set aside into their queue once more, where they begin anew: their handler is the service's, and nobody but the queue
 * calls it. Each is forgotten when the queue has it.
 *
 * @param tell what became of each
 */
export async function sendAgain(
  { aside, send }: FactQueueSession,
  keys: readonly SetAsideKey[],
  signal: AbortSignal,
  tell: (ended: readonly Ended[]) => void,
): Promise<void> {
  for (const key of keys) {
    if (signal.aborted) return;
    try {
      const group = await aside.ofGroup(key.groupId);
      const event = group.find(({ message }) => message.sequenceNumber === key.sequenceNumber);
      if (event === undefined) continue;
      await send([messageOf(event)]);
      await aside.remove([key]);
      tell([{ key, outcome: 'sent again', stays: false, detail: 'should it fail, it is back here later' }]);
    } catch (error) {
      tell([{ key, outcome: 'failed', stays: true, detail: error instanceof Error ? error.message : String(error) }]);
    }
  }
}

/**
 * The id that the fact came with may be one that the queue still knows, and then it would drop this one. This id belongs to the message and to when it
 * was set aside: whoever is interrupted between sending and forgetting sends it again, and the queue knows that for five minutes.
 */
function messageOf({ message, setAsideAtMs }: SetAside) {
  const { body, groupId, messageId } = message;
  return { body, groupId, deduplicationId: `${messageId}~r${setAsideAtMs}` };
}
