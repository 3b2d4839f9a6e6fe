import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import type { ParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import type { FactQueue } from '../../deployment/deployment.ts';
import type { Ended } from './outcomes.ts';

/**
 * Sends parked facts into their queue again, and removes each from the parking table once the queue has it. The command
 * can't invoke the handler itself, because the handler is a function of the service.
 *
 * @param tell called with the result for each fact
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
      tell([
        { key, outcome: 'sent again', stays: false, detail: 'if its handler keeps failing, the fact is parked again' },
      ]);
    } catch (error) {
      tell([{ key, outcome: 'failed', stays: true, detail: error instanceof Error ? error.message : String(error) }]);
    }
  }
}

/**
 * Makes the message with a new deduplication id, because the queue may still know the fact's first id and would then
 * drop the message. The new id consists of the message id and the time of parking. If the command is interrupted after
 * sending and before removing, the next run sends the same id, and for five minutes the queue drops the repeated
 * message.
 */
function messageOf({ message, parkedAtMs }: ParkedEvent) {
  const { body, groupId, messageId } = message;
  return { body, groupId, deduplicationId: `${messageId}~r${parkedAtMs}` };
}
