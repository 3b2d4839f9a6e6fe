import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { type OutgoingMessage, outgoingMessage } from '../../core/relay/message.ts';
import { canonicalState, type State, TOMBSTONE_DIGEST } from '../../core/state.ts';
import type { SendInput } from '../../local/fifo/message.ts';
import catalogue from './boundaries/catalogue.ts';

export function item(id: string): EntityRef {
  return { type: 'Item', id };
}

/** The state of an Item in these tests: its price is its version. */
export function itemState(version: number): State {
  return { name: 'bolt', price: version, numbers: [] };
}

/** An entity in its owner's table. Without a state it is deleted. */
export function owned(entity: EntityRef, version: number, state: State | undefined): OwnedEntity {
  const { json, digest } =
    state === undefined ? { json: undefined, digest: TOMBSTONE_DIGEST } : canonicalState(entity, state);
  return { entity, version, digest, schemaVersion: 1, changedAt: new Date().toISOString(), stateJson: json };
}

/** The message that the relay publishes for an entity. */
export function published(of: OwnedEntity, previous?: OwnedEntity): OutgoingMessage {
  const message = outgoingMessage(catalogue, of, { publishedAt: new Date().toISOString(), previous });
  if ('reason' in message) throw new Error(message.message);
  return message;
}

/** An entity's version as input of a queue's send. The default state is an Item's. */
export function toSend(entity: EntityRef, version: number, state = itemState(version)): SendInput {
  const { groupId, deduplicationId, body } = published(owned(entity, version, state));
  return { groupId, deduplicationId, body };
}

/** Any text as input of a queue's send, in an entity's message group. */
export function textToSend(entity: EntityRef, body: string): SendInput {
  return { groupId: messageGroupId(entity), deduplicationId: `text-${crypto.randomUUID()}`, body };
}
