/** Codes of the errors that Freshet raises on purpose; branch on these, never on message text. */
export type FreshetErrorCode =
  | 'Backpressure'
  | 'InvalidContract'
  | 'InvalidEntityType'
  | 'InvalidEntityId'
  | 'InvalidExpectedVersion'
  | 'InvalidFact'
  | 'InvalidMaxStaleness'
  | 'InvalidMaxWait'
  | 'InvalidSaga'
  | 'InvalidState'
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
  | 'VersionsExhausted';

/** What an error knows beyond its message. */
export interface FreshetErrorDetails {
  readonly code: FreshetErrorCode;
  /** The offending field as a path such as `state.currencies[0].code`; empty when the whole input is meant. */
  readonly field?: string;
  readonly entity?: { readonly type: string; readonly id: string };
  readonly expectedVersion?: number;
  readonly currentVersion?: number;
  /** How stale an answer would have been, milliseconds; infinite where nothing is known. */
  readonly stalenessMs?: number;
  readonly maxStalenessMs?: number;
  readonly cause?: unknown;
}

/**
 * An input or a request that Freshet refuses. The message says what was wrong, what was given, what is allowed and,
 * where that helps, how to fix it.
 */
export class FreshetError extends Error {
  override readonly name = 'FreshetError';
  readonly code: FreshetErrorCode;
  readonly field: string | undefined;
  readonly entity: { readonly type: string; readonly id: string } | undefined;
  readonly expectedVersion: number | undefined;
  readonly currentVersion: number | undefined;
  readonly stalenessMs: number | undefined;
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

/** A given value as it may be quoted in a message: JSON where it has one, shortened, so that hostile input cannot flood a log. */
export function quoted(value: unknown): string {
  return shortened(typeof value === 'bigint' ? `${value}n` : typeof value === 'number' ? String(value) : asJson(value));
}

/** A text cut to what a message can carry, with its full length. */
export function shortened(text: string, maxLength = 80): string {
  return text.length <= maxLength
    ? text
    : `${text.slice(0, maxLength - 3).toWellFormed()}... (${text.length} characters)`;
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Circular, deeper than the stack, or with a BigInt inside: its kind must do.
    return Object.prototype.toString.call(value);
  }
}
