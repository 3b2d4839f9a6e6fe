import type { AdoptReason } from '../adopt/map.ts';
import type { EntityRef } from '../entity.ts';
import type { PoisonReason } from '../outcome.ts';
import type { UnpublishableReason } from '../relay/message.ts';
import type { RetryLimits } from '../retries.ts';

/** A message as the queue delivered it. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly groupId: string;
  /**
   * Grows within the group in its queue. All sequence numbers have the same length, so they sort as text. The one of a
   * dead letter ends with its reason.
   */
  readonly sequenceNumber: string;
  readonly body: string;
  /** How often the message was received, this time included. */
  readonly receiveCount: number;
  /** When the message came into the queue, epoch milliseconds. */
  readonly sentAtMs: number;
  /** When the message was first received from the queue, epoch milliseconds. It may have waited there for days. */
  readonly firstReceivedAtMs: number;
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
  /** Canonical JSON of the fields that the cache keeps; undefined for a tombstone. */
  readonly dataJson: string | undefined;
  /** The compressed form of `dataJson`, if the event carried it; otherwise the table decides whether to compress. */
  readonly compressed?: Uint8Array | undefined;
  /** Index name to the value under which the index lists the entity. */
  readonly indexed: Readonly<Record<string, string>>;
  /** When a tombstone may be forgotten, epoch seconds; undefined for a state. */
  readonly expiresAtSeconds: number | undefined;
}

/** What a cache holds of an entity: the part that decisions need. */
export interface StoredItem {
  /** 0 when no version has arrived yet, and the item only carries a stop marker. */
  readonly version: number;
  readonly digest: string;
  readonly schemaVersion: number;
  readonly fieldsRevision: number;
  /** Data that is stored compressed is decompressed when it is first read. */
  readonly dataJson: string | undefined;
  /** Whether the item is as the projector wrote it. A delta isn't applied to data that was changed in another way. */
  readonly isIntact: boolean;
  /**
   * Starts as the time of the stop, so that no two stops have the same marker, and grows by one with each event that is
   * held. Undefined while the entity isn't stopped.
   */
  readonly stopMarker: number | undefined;
}

/** The condition of a write: what the cache must hold. */
export interface Expectation {
  /**
   * `newer`: the cache holds nothing, an older version, or the same version and digest with an older schema version or
   * selection of fields · `base`: the cache holds exactly the version, digest, schema version and selection of fields
   * that a delta was applied to.
   */
  readonly stored: { readonly kind: 'newer' } | { readonly kind: 'base'; readonly base: StoredItem };
  /**
   * The stop marker that the entity must have, when a release replays its events; undefined: the entity must not be
   * stopped.
   */
  readonly stopMarker: number | undefined;
}

/** The result of a conditional write to the cache's table. */
export type WriteResult =
  | { readonly kind: 'stored' }
  /** The entity is stopped, or its marker isn't the expected one. */
  | { readonly kind: 'stopped' }
  /** The cache doesn't hold what was expected, but this; undefined for nothing. */
  | { readonly kind: 'refused'; readonly stored: StoredItem | undefined }
  /** The table can never hold this item. */
  | { readonly kind: 'unstorable'; readonly message: string };

/**
 * Why an event was parked. `stopped`: held behind a stopped entity · `undelivered`: the topic couldn't deliver it · the
 * relay's reasons: a record that can never be published · the adopter's reasons: a change of an existing table that
 * can't be published · `given-up`: records that the relay or the adopter never finished.
 */
export type ParkedReason = PoisonReason | 'stopped' | 'undelivered' | UnpublishableReason | AdoptReason | 'given-up';

/** An event in the parking table. `parked`: with its own reason · `held`: behind a stopped entity. */
export interface ParkedEvent {
  readonly status: 'parked' | 'held';
  readonly message: ReceivedMessage;
  readonly reason: ParkedReason;
  readonly explanation: string;
  /** The entity that the body or the message group names. */
  readonly entity: EntityRef | undefined;
  readonly version: number | undefined;
  /** When it was parked or held, epoch milliseconds. */
  readonly parkedAtMs: number;
}

/**
 * The projector's ports. Each throws only when infrastructure fails. The group's messages then go back to the queue.
 */
export interface ProjectPorts {
  /** What the cache stores of an entity, by a consistent read; undefined for nothing. */
  read(entity: EntityRef): Promise<StoredItem | undefined>;
  /** Stores the item if the cache meets the expectation. The stop marker stays. */
  write(item: CachedItem, expectation: Expectation): Promise<WriteResult>;
  /**
   * Parks an event. An event that is parked already stays as it is, unless a later message with the same key tells
   * something else of it, such as the next survey of an existing table.
   */
  park(event: ParkedEvent): Promise<void>;
  /**
   * Stops an entity and parks the event, in one transaction. `stopped`: the entity was stopped before, and nothing was
   * done.
   */
  stop(entity: EntityRef, event: ParkedEvent): Promise<'done' | 'stopped'>;
  /**
   * Holds events of a stopped entity and counts them in its stop marker, in one transaction. Events that are held
   * already stay as they are. `released`: the entity isn't stopped any more.
   *
   * @param events one or more, in order; many events take several transactions, one after the other
   */
  hold(entity: EntityRef, events: readonly ParkedEvent[]): Promise<'done' | 'released'>;
  /** Asks for the entity's whole state at this version or above. */
  requestResync(entity: EntityRef, wantedVersion: number): Promise<void>;
  /**
   * Asks for an event that is about to be parked to be tried again once the functions know its schema version. Called
   * again for the same event, it asks once more.
   */
  awaitSchema(message: ReceivedMessage): Promise<void>;
  /**
   * Notes that a message is about to be tried alone. Returns how many earlier tries never ended.
   *
   * @param onlyFirst write no note if there was an earlier try
   */
  beginAlone(message: ReceivedMessage, onlyFirst: boolean): Promise<number>;
  /** Removes the notes of `beginAlone`: the try ended. */
  endAlone(message: ReceivedMessage): Promise<void>;
  /** Hides a group's messages for a while, before the queue delivers them again. Best effort. */
  postpone(messages: readonly ReceivedMessage[], seconds: number): Promise<void>;
}

/** The settings that the projector is deployed with. */
export interface ProjectSettings {
  /** How long a tombstone is stored. It outlives every event that can still arrive. */
  readonly tombstoneLifeSeconds: number;
  /** An event that was published longer ago than this is parked. Less than `tombstoneLifeSeconds`. */
  readonly maxEventAgeSeconds: number;
  /** How often and how long a failing message is retried before it counts as poison. */
  readonly budget: RetryLimits;
  /** How long an event of a newer schema version is retried before it counts as poison, from its first receive. */
  readonly newerSchemaWaitSeconds: number;
}
