import type { ReceivedMessage } from '../../core/project/ports.ts';
import type { CacheName } from './contracts.ts';
import type { World } from './world.ts';

/**
 * Counts the messages that a cache's projector is processing, and finds the ones that two invocations process at once.
 */
export function createDeliveries({ faults, ledger }: World, name: CacheName) {
  const inWork = new Map<string, number>();
  return {
    begin(batch: readonly ReceivedMessage[]): void {
      for (const { messageId, receiveCount } of batch) {
        ledger.delivered(name, messageId);
        if (receiveCount > 1) faults.count('redelivery');
        if (inWork.has(messageId)) {
          faults.count('race');
          ledger.uncleanEnd(name, messageId);
        }
        inWork.set(messageId, (inWork.get(messageId) ?? 0) + 1);
      }
    },
    end(batch: readonly ReceivedMessage[]): void {
      for (const { messageId } of batch) {
        const left = (inWork.get(messageId) ?? 1) - 1;
        if (left === 0) inWork.delete(messageId);
        else inWork.set(messageId, left);
      }
    },
  };
}
