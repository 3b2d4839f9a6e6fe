/** Codes of the errors that Freshet raises on purpose; branch on these, never on message text. */
export type FreshetErrorCode =
  | 'InvalidContract'
  | 'InvalidEntityType'
  | 'InvalidEntityId'
  | 'InvalidExpectedVersion'
  | 'InvalidState'
  | 'StateTooLarge'
  | 'UnknownEntityType'
  | 'UnknownIndex'
  | 'InvalidCursor'
  | 'InvalidLimit'
  | 'VersionConflict'
  | 'VersionsExhausted';

/** What an error knows beyond its message. */
export interface FreshetErrorDetails {
  readonly code: FreshetErrorCode;
  /** The offending field as a path such as `state.currencies[0].code`; empty when the whole input is meant. */
  readonly field?: string;
  readonly entity?: { readonly type: string; readonly id: string };
  readonly expectedVersion?: number;
  readonly currentVersion?: number;
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

  constructor(message: string, details: FreshetErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.field = details.field;
    this.entity = details.entity;
    this.expectedVersion = details.expectedVersion;
    this.currentVersion = details.currentVersion;
  }
}

/** A given value as it may be quoted in a message: JSON, shortened, so that hostile input cannot flood a log. */
export function quoted(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));
  return text.length <= 80 ? text : `${text.slice(0, 77)}... (${text.length} characters)`;
}
