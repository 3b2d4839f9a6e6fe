import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import type { ParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import type { FactQueue } from '../../deployment/deployment.ts';
import type { Ended } from './outcomes.ts';

/**
 * Sends parked facts into their queue again, and removes each from the parking table once the queue has it. Only the
 * queue invokes the handler of the facts, which is a function of the service.
 *
 * @param tell told how each fact ended
 */
export async function sendAgain(
  { parked, send }: Pick<FactQueue, 'parked' | 'send'>,
  keys: readonly ParkedKey[],
  signal: AbortSignal,
  tell: (ended: readonly Ended[]) => void,
): Promise<void> {
  for (const key of keys) {
    if (signal.aborted) return;
    try {
      const group = await parked.ofGroup(key.groupId);
      const event = group.find(({ message }) => message.sequenceNumber === key.sequenceNumber);
      if (event === undefined) continue;
      await send([messageOf(event)]);
      await parked.remove([key]);
      tell([{ key, outcome: 'sent again', stays: false, detail: 'if its handler fails again, it is parked again' }]);
    } catch (error) {
      tell([{ key, outcome: 'failed', stays: true, detail: error instanceof Error ? error.message : String(error) }]);
    }
  }
}

/**
 * The queue may still know the deduplication id that the fact came with, and would drop the message. So the new id is
 * made from the message and the time of parking. If the command is interrupted between sending and removing, it sends
 * the same id again, and the queue drops it for five minutes.
 */
function messageOf({ message, parkedAtMs }: ParkedEvent) {
  const { body, groupId, messageId } = message;
  return { body, groupId, deduplicationId: `${messageId}~r${parkedAtMs}` };
}
