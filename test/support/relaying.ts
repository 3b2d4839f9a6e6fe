import type { OwnedEntity } from '../../core/own/own.ts';
import { type PublishResult, type RelayPorts, relayBatch } from '../../core/relay/batch.ts';
import type { OutgoingMessage, StreamChange } from '../../core/relay/message.ts';
import { catalogue } from './boundaries.ts';
import { CHANGED_AT, PUBLISHED_AT } from './events.ts';

/** The topic took it. */
export const PUBLISHED: PublishResult = { kind: 'published' };
/** It may take it later. */
export const FAILED: PublishResult = { kind: 'failed', message: 'throttled' };
/** It never takes it. */
export const REFUSED: PublishResult = { kind: 'refused', message: 'invalid' };

/** What a batch of commits reports of which nothing was published; those of these tests are all of one time. */
export const NOTHING = {
  ...{ published: 0, conflated: 0, expired: 0, beforeEpoch: 0, diverted: 0, failed: [] },
  oldestChangedAt: CHANGED_AT,
};

/** A stream of commits, numbered from 1. */
export function stream(...entities: readonly OwnedEntity[]): StreamChange[] {
  return entities.map((one, index) => ({ sequenceNumber: String(index + 1), kind: 'committed', owned: one }));
}

/** Ports that keep every call; `answer` says what becomes of a message, `divertFails` whether a record can't be set aside. */
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

/** Relays changes of the catalogue in one batch. */
export const relayed = (changes: readonly StreamChange[], { relay }: { relay: RelayPorts }, conflate = false) =>
  relayBatch(catalogue, changes, PUBLISHED_AT, relay, conflate);
