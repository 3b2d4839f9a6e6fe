import type { OwnedEntity } from '../../core/own/own.ts';
import { type PublishResult, type RelayPorts, relayBatch } from '../../core/relay/batch.ts';
import type { OutgoingMessage, StreamChange } from '../../core/relay/message.ts';
import { catalogue } from './boundaries.ts';
import { CHANGED_AT, PUBLISHED_AT } from './events.ts';

/** The topic accepted the message. */
export const PUBLISHED: PublishResult = { kind: 'published' };
/** The topic didn't accept the message, but may accept it later. */
export const FAILED: PublishResult = { kind: 'failed', message: 'throttled' };
/** The topic never accepts the message. */
export const REFUSED: PublishResult = { kind: 'refused', message: 'invalid' };

/** The report of a batch from which nothing was published. All commits in these tests have the same time. */
export const NOTHING = {
  published: 0,
  heartbeats: 0,
  conflated: 0,
  expired: 0,
  beforeEpoch: 0,
  diverted: 0,
  failed: [],
  oldestChangedAt: CHANGED_AT,
};

/** A stream of commits, with sequence numbers from 1 on. */
export function stream(...entities: readonly OwnedEntity[]): StreamChange[] {
  return entities.map((one, index) => ({ sequenceNumber: String(index + 1), kind: 'committed', owned: one }));
}

/**
 * Ports that record every call.
 *
 * @param answer the result of publishing a message
 * @param divertFails whether diverting a record throws
 */
export function ports(answer: (message: OutgoingMessage) => PublishResult = () => PUBLISHED, divertFails = false) {
  const calls: (readonly OutgoingMessage[])[] = [];
  const diverted: { sequenceNumber: string; reason: string; message: string }[] = [];
  const relay: RelayPorts = {
    async publish(messages) {
      calls.push(messages);
      return messages.map(answer);
    },
    async divert(sequenceNumber, reason, message) {
      if (divertFails) throw new Error('no queue');
      diverted.push({ sequenceNumber, reason, message });
    },
  };
  return { relay, calls, diverted, published: () => calls.flat().map((message) => message.deduplicationId) };
}

/** Relays changes of the catalogue as one batch. */
export const relayed = (changes: readonly StreamChange[], { relay }: { relay: RelayPorts }, conflate = false) =>
  relayBatch(catalogue, changes, PUBLISHED_AT, relay, { conflate });
