import { MessagingError } from './errors.ts';
import { MAX_BATCH_ENTRIES } from './limits.ts';

/** A failed entry of a batch. `senderFault` is true if the request was wrong, false if the service failed. */
export interface FailedEntry {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly senderFault: boolean;
}

/** The outcome of a batch, entry by entry. */
export interface BatchResult<R> {
  readonly successful: readonly (R & { readonly id: string })[];
  readonly failed: readonly FailedEntry[];
}

const ENTRY_ID = /^[\w-]{1,80}$/;

/**
 * Throws for a batch that AWS refuses as a whole: it has no entries, too many entries, or malformed or repeated ids
 * (sqs-api/API_SendMessageBatch).
 */
export function checkBatch(entries: readonly { readonly id: string }[]): void {
  if (entries.length === 0)
    throw new MessagingError(
      'EmptyBatchRequest',
      'There should be at least one entry in the request. The request has none.',
    );
  if (entries.length > MAX_BATCH_ENTRIES) {
    throw new MessagingError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_BATCH_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const seen = new Set<string>();
  for (const { id } of entries) {
    if (!ENTRY_ID.test(id)) {
      const allowed = 'A batch entry id can only contain alphanumeric characters, hyphens and underscores, at most 80.';
      throw new MessagingError('InvalidBatchEntryId', `${allowed} Given: '${id}'.`);
    }
    if (seen.has(id)) throw new MessagingError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    seen.add(id);
  }
}

/** Handles the entries one by one, in order. An error that AWS documents fails only its own entry. */
export function runBatch<E extends { readonly id: string }, R extends object>(
  entries: readonly E[],
  handle: (entry: E) => R,
): BatchResult<R> {
  checkBatch(entries);
  const successful: (R & { readonly id: string })[] = [];
  const failed: FailedEntry[] = [];
  for (const entry of entries) {
    try {
      successful.push({ ...handle(entry), id: entry.id });
    } catch (error) {
      if (!(error instanceof MessagingError)) throw error;
      failed.push({ id: entry.id, code: error.code, message: error.message, senderFault: true });
    }
  }
  return { successful, failed };
}
