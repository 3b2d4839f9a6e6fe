import { EPOCH_SIZE, liftedVersion } from '../entity.ts';
import type { Refusal } from './map.ts';

/** What Freshet's own table holds of an adopted entity. */
export interface Copy {
  readonly version: number;
  /** What is added to the item's version: 0 until the entity was deleted for the first time. */
  readonly base: number;
  readonly digest: string;
  readonly isDeleted: boolean;
  /** Whether the item expired, and that is no deletion. */
  readonly isExpired?: boolean | undefined;
  /**
   * When the item expires, epoch seconds; 0 if it doesn't. Undefined if the type names no attribute of it, or if the
   * copy is older than the name.
   */
  readonly expiresAtSeconds?: number | undefined;
  /** The position of the newest record that changed the copy, see `position`; undefined if only a survey did. */
  readonly position?: string | undefined;
  /** When a survey began the reading that the copy comes from, epoch milliseconds; undefined without a survey. */
  readonly surveyedAtMs?: number | undefined;
}

/** A change of one entity, as a record of the existing table's stream tells it. */
export type EntityChange = {
  /** See `position`. */
  readonly position: string;
  /** When the change was made, epoch milliseconds, rounded down to a second. */
  readonly atMs: number;
} & (
  | {
      readonly kind: 'put';
      /** Whether the item didn't hold the entity before. */
      readonly isNew: boolean;
      /** The item's version. */
      readonly version: number;
      readonly digest: string;
    }
  /** @param version the version of the removed item; undefined if it isn't known */
  | { readonly kind: 'remove'; readonly version: number | undefined }
  /** The item expired, and that is no deletion. */
  | { readonly kind: 'expire' }
);

/** What happens to the copy. */
export type Decision =
  | { readonly kind: 'commit'; readonly version: number; readonly base: number }
  /** Notes that the item expired. The version stays. */
  | { readonly kind: 'note-expiry' }
  /** The copy has the change already, or something newer. */
  | { readonly kind: 'known' }
  | ({ readonly kind: 'refused' } & Refusal);

const KNOWN = { kind: 'known' } as const;

/**
 * How far the time of a record and the clock of a survey may be apart. A record's time is rounded down to a second
 * (streams/API_StreamRecord, 2026-11-30), and AWS's clocks differ by much less than the rest.
 */
export const SURVEY_MARGIN_MS = 30_000;

/**
 * Returns the position of a record in the history of its item, as text that sorts within a table. A sequence number
 * counts within one stream, so the stream's ARN comes first. It ends with the time of the stream's creation, so a table
 * that gets a new stream goes on above all positions of the old one.
 */
export function position(streamArn: string, sequenceNumber: string): string {
  return `${streamArn}#${sequenceNumber.padStart(40, '0')}`;
}

/** The start of all positions of the table that a position is of. */
export function positionsOfTable(of: string): string {
  return `${of.split('/stream/', 1)[0]}/stream/`;
}

/** Whether a record comes after the one that changed a copy. Positions of two tables have no order. */
export function isAfter(position: string, of: string | undefined): boolean {
  return of === undefined || position > of || !of.startsWith(positionsOfTable(position));
}

/**
 * Decides what a record of the existing table's stream does to the copy. The copy's version only grows, and a record
 * that was delivered before, or that a survey has overtaken, changes nothing.
 */
export function decide(change: EntityChange, copy: Copy | undefined, epoch: number): Decision {
  if (!isAfter(change.position, copy?.position)) return KNOWN;
  if (isOvertaken(change, copy)) return KNOWN;
  if (change.kind === 'expire') return copy === undefined || copy.isDeleted ? KNOWN : { kind: 'note-expiry' };
  const version = liftedVersion(copy?.version ?? 0, epoch);
  const base = liftedVersion(copy?.base ?? 0, epoch);
  if (change.kind === 'remove') return removal(change.version, copy, version, base, epoch);
  return put(change, copy, { version, base, epoch });
}

/** A survey that began well after the change has read its result, or a newer one. */
function isOvertaken({ atMs }: EntityChange, copy: Copy | undefined): boolean {
  return copy?.surveyedAtMs !== undefined && atMs + SURVEY_MARGIN_MS < copy.surveyedAtMs;
}

/** A survey that began at about the time of the change may have read a newer state. */
function mayBeOvertaken({ atMs }: EntityChange, copy: Copy): boolean {
  return copy.surveyedAtMs !== undefined && atMs <= copy.surveyedAtMs + SURVEY_MARGIN_MS;
}

/** The tombstone's version is above those of the copy and of the removed item, which no later write may have. */
function removal(
  itemVersion: number | undefined,
  copy: Copy | undefined,
  version: number,
  base: number,
  epoch: number,
): Decision {
  if (copy?.isDeleted || (copy === undefined && itemVersion === undefined)) return KNOWN;
  const deleted = Math.max(version, base + (itemVersion ?? 0)) + 1;
  return committed(deleted, deleted, epoch);
}

function put(
  change: EntityChange & { readonly kind: 'put' },
  copy: Copy | undefined,
  stored: { readonly version: number; readonly base: number; readonly epoch: number },
): Decision {
  const effective = stored.base + change.version;
  if (copy === undefined || effective > stored.version) return committed(effective, stored.base, stored.epoch);
  const isSame = effective === stored.version && copy.digest === change.digest;
  if (!copy.isExpired && (isSame || mayBeOvertaken(change, copy))) return KNOWN;
  // The item was away in between, and its removal didn't count or couldn't be read.
  if (change.isNew || copy.isExpired) return nextGeneration(change.version, stored);
  return effective === stored.version
    ? notRaised(change.version)
    : wentBack(stored.version - stored.base, change.version);
}

/**
 * Commits an item whose version can't be compared with the copy's, such as one that was created again: as the next
 * version, from which the item's later versions count on.
 */
export function nextGeneration(
  itemVersion: number,
  { version, epoch }: { readonly version: number; readonly epoch: number },
): Decision {
  return committed(version + 1, version + 1 - itemVersion, epoch);
}

/** The refusal of a change with the version of another state. */
export function notRaised(version: number): Decision & Refusal {
  return {
    kind: 'refused',
    reason: 'version-not-raised',
    explanation:
      `the state changed and the version stayed ${version}. Caches keep the earlier state of the version. ` +
      'Let the code raise the version with every change; its next change with a higher version is published',
  };
}

/** The refusal to take a missing item for a deleted one, because it may have expired. */
export function maybeExpired(): Decision & Refusal {
  return {
    kind: 'refused',
    reason: 'maybe-expired',
    explanation:
      "the item is gone, and no record says whether it was deleted or expired. Caches keep the entity. Give the type's " +
      'mapping `expiresBy`, or `deletedByExpiry: true`; the next survey then decides',
  };
}

/** The refusal of a change with a version below the previous one. */
export function wentBack(before: number, after: number): Decision & Refusal {
  return {
    kind: 'refused',
    reason: 'version-went-back',
    explanation:
      `the version went back from ${before} to ${after}. Caches keep the state of version ${before}. ` +
      `A change with a version above ${before} is published`,
  };
}

function committed(version: number, base: number, epoch: number): Decision {
  if (version < (epoch + 1) * EPOCH_SIZE && Number.isSafeInteger(version)) return { kind: 'commit', version, base };
  return { kind: 'refused', reason: 'versions-exhausted', explanation: `no version is left: ${version} is too high` };
}
