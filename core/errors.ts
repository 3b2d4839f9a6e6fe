/** Codes of the errors that Freshet raises on purpose. Branch on the code, never on the message text. */
export type FreshetErrorCode =
  | 'Adopted'
  | 'Backpressure'
  | 'InexactNumber'
  | 'InvalidContract'
  | 'InvalidEntityType'
  | 'InvalidEntityId'
  | 'InvalidExpectedVersion'
  | 'InvalidFact'
  | 'InvalidMaxStaleness'
  | 'InvalidMaxWait'
  | 'InvalidSaga'
  | 'InvalidState'
  | 'NotInTransaction'
  | 'NotPublishable'
  | 'StateTooLarge'
  | 'SynthesisFailed'
  | 'InvalidVersion'
  | 'UnknownCache'
  | 'UnknownEntityType'
  | 'UnknownFact'
  | 'UnknownIndex'
  | 'UnknownOwner'
  | 'InvalidCursor'
  | 'InvalidLimit'
  | 'TooStale'
  | 'Unpublishable'
  | 'VersionConflict'
  | 'VersionNotReached'
  | 'VersionsExhausted'
  | 'WrittenElsewhere';

/** The machine-readable details of a `FreshetError`. Details that don't apply to an error are left out. */
export interface FreshetErrorDetails {
  /** What went wrong. */
  readonly code: FreshetErrorCode;
  /** Path of the field that is wrong, such as `state.currencies[0].code`; empty if the whole input is wrong. */
  readonly field?: string;
  /** The entity that the error is about. */
  readonly entity?: { readonly type: string; readonly id: string };
  /** The version that the caller expected or required: an integer from 0. */
  readonly expectedVersion?: number;
  /** The version that the owner's or the cache's table has: an integer, 0 if it has none. */
  readonly currentVersion?: number;
  /** Staleness of the refused answer, in milliseconds; `Infinity` if it isn't known. */
  readonly stalenessMs?: number;
  /** The limit that the caller set, in milliseconds from 0. */
  readonly maxStalenessMs?: number;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * An input or a request that Freshet refuses. The message says what was wrong, what was given, what is allowed and how
 * to fix it. Each property has the meaning that `FreshetErrorDetails` documents, and is undefined if it doesn't apply.
 */
export class FreshetError extends Error {
  override readonly name = 'FreshetError';
  /** What went wrong. */
  readonly code: FreshetErrorCode;
  /** Path of the field that is wrong, such as `state.currencies[0].code`; empty if the whole input is wrong. */
  readonly field: string | undefined;
  /** The entity that the error is about. */
  readonly entity: { readonly type: string; readonly id: string } | undefined;
  /** The version that the caller expected or required: an integer from 0. */
  readonly expectedVersion: number | undefined;
  /** The version that the owner's or the cache's table has: an integer, 0 if it has none. */
  readonly currentVersion: number | undefined;
  /** Staleness of the refused answer, in milliseconds; `Infinity` if it isn't known. */
  readonly stalenessMs: number | undefined;
  /** The limit that the caller set, in milliseconds from 0. */
  readonly maxStalenessMs: number | undefined;

  constructor(message: string, details: FreshetErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.field = details.field;
    this.entity = details.entity;
    this.expectedVersion = details.expectedVersion;
    this.currentVersion = details.currentVersion;
    this.stalenessMs = details.stalenessMs;
    this.maxStalenessMs = details.maxStalenessMs;
  }
}

/** Returns a given value for a message: as JSON if possible, and shortened so that hostile input can't flood a log. */
export function quoted(value: unknown): string {
  return shortened(typeof value === 'bigint' ? `${value}n` : typeof value === 'number' ? String(value) : asJson(value));
}

/** Cuts a text that is too long for a message and appends its full length. */
export function shortened(text: string, maxLength = 80): string {
  return text.length <= maxLength
    ? text
    : `${text.slice(0, maxLength - 3).toWellFormed()}... (${text.length} characters)`;
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Circular, nested deeper than the stack, or with a BigInt inside: only its kind can be shown.
    return Object.prototype.toString.call(value);
  }
}
