import type { EntityRef } from '../entity.ts';
import type { PoisonReason } from '../outcome.ts';
import type { UnpublishableReason } from '../relay/message.ts';
import type { RetryLimits } from '../retries.ts';

/** A message as the queue delivered it. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly groupId: string;
  /** Grows within the group and its queue; digits of equal length, so texts compare as numbers do. A dead letter's ends in its reason. */
  readonly sequenceNumber: string;
  readonly body: string;
  /** Times this message was received, this time included. */
  readonly receiveCount: number;
  /** When it came into the queue, epoch milliseconds. */
  readonly sentAtMs: number;
}

/** An entity as a cache stores it. */
export interface CachedItem {
  readonly entity: EntityRef;
  readonly version: number;
  readonly digest: string;
  readonly changedAt: string;
  /** Schema version that the data was brought to. */
  readonly schemaVersion: number;
  readonly fieldsRevision: number;
  /** Canonical JSON of the fields kept; undefined for a tombstone. */
  readonly dataJson: string | undefined;
  /** Index name to the value listed under. */
  readonly indexed: Readonly<Record<string, string>>;
  /** When a tombstone may be forgotten, epoch seconds; undefined for a state. */
  readonly expiresAtSeconds: number | undefined;
}

/** What a cache holds of an entity, as far as a decision needs it. */
export interface StoredItem {
  /** 0 where nothing has arrived yet and only a stop marker is there. */
  readonly version: number;
  readonly digest: string;
  readonly schemaVersion: number;
  readonly fieldsRevision: number;
  readonly dataJson: string | undefined;
  /**
   * Grows by one with each event that is set aside; it began as the time of the stop, so that no two stops share one. Undefined while the
   * entity isn't stopped.
   */
  readonly stopMarker: number | undefined;
}

/** What must be stored for a write to be taken. */
export interface Expectation {
  /**
   * `newer`: nothing, something older, or the same version and digest with an older schema version or selection of fields · `base`: exactly
   * this version, digest, schema version and selection of fields, which a delta was applied to.
   */
  readonly stored: { readonly kind: 'newer' } | { readonly kind: 'base'; readonly base: StoredItem };
  /** The stop marker that must stand, when a release replays behind it; undefined: the entity must not be stopped. */
  readonly stopMarker: number | undefined;
}

/** What the cache's table said of a conditional write. */
export type WriteResult =
  | { readonly kind: 'stored' }
  /** The entity is stopped, or its marker isn't the expected one. */
  | { readonly kind: 'stopped' }
  /** Not what was expected; undefined where nothing is stored. */
  | { readonly kind: 'refused'; readonly stored: StoredItem | undefined }
  /** The table can never hold this item. */
  | { readonly kind: 'unstorable'; readonly message: string };

/**
 * Why an event was set aside. `stopped`: held behind a stopped entity · `undelivered`: the topic couldn't deliver it · the relay's reasons:
 * a record that can never be published · `given-up`: records that the relay never got through.
 */
export type SetAsideReason = PoisonReason | 'stopped' | 'undelivered' | UnpublishableReason | 'given-up';

/** An event that was set aside. */
export interface SetAside {
  readonly status: 'parked' | 'held';
  readonly message: ReceivedMessage;
  readonly reason: SetAsideReason;
  readonly explanation: string;
  /** Where the body names it, or the message group does. */
  readonly entity: EntityRef | undefined;
  readonly version: number | undefined;
  /** Epoch milliseconds. */
  readonly setAsideAtMs: number;
}

/** The projector's ports. Each throws only when infrastructure fails; the group's messages then go back to the queue. */
export interface ProjectPorts {
  /** What is stored of an entity, read consistently; undefined for nothing. */
  read(entity: EntityRef): Promise<StoredItem | undefined>;
  /** Stores the item if what is stored meets the expectation; the stop marker stays. */
  write(item: CachedItem, expectation: Expectation): Promise<WriteResult>;
  /** Sets a message aside; one that is there already stays as it is. */
  park(aside: SetAside): Promise<void>;
  /** Stops an entity and sets the event aside in one transaction; `stopped` if it was stopped before, and then does nothing. */
  stop(entity: EntityRef, aside: SetAside): Promise<'done' | 'stopped'>;
  /**
   * Sets events of a stopped entity aside and counts them in the marker in one transaction; those that are there already stay as they are.
   * `released` if the entity isn't stopped any more.
   *
   * @param asides 1 or more, in order; many take several transactions, one after the other
   */
  hold(entity: EntityRef, asides: readonly SetAside[]): Promise<'done' | 'released'>;
  /** Asks for the entity's whole state at this version or above. */
  requestResync(entity: EntityRef, wantedVersion: number): Promise<void>;
  /**
   * Notes that a message is about to be tried alone, and returns how often it was before without an end.
   *
   * @param onlyFirst note nothing if it was before
   */
  beginAlone(message: ReceivedMessage, onlyFirst: boolean): Promise<number>;
  /** Forgets what `beginAlone` noted: the try came to an end. */
  endAlone(message: ReceivedMessage): Promise<void>;
  /** Hides a group's messages for a while before they are delivered again. Best effort. */
  postpone(messages: readonly ReceivedMessage[], seconds: number): Promise<void>;
}

/** What the projector is deployed with. */
export interface ProjectSettings {
  /** How long a tombstone is kept; longer than any way in which an older event can return. */
  readonly tombstoneLifeSeconds: number;
  /** An event that was published longer ago is parked; below `tombstoneLifeSeconds`. */
  readonly maxEventAgeSeconds: number;
  /** What a failing message is given before it counts as poison. */
  readonly budget: RetryLimits;
}
