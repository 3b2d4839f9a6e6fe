import { setTimeout as pause } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
  type TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';

/** Attempts of a write that conflicts with another write of the same items, such as after a double click. */
const ATTEMPTS = 4;

/** Pause before the second attempt. The pause before each later attempt is longer by as much. */
const PAUSE_MS = 25;

/** Returns why a transaction was cancelled: the reasons of its items. */
const reasonsOf = (error: unknown): ReadonlySet<string | undefined> =>
  new Set(error instanceof TransactionCanceledException ? error.CancellationReasons?.map(({ Code }) => Code) : []);

/**
 * Makes a write, and retries it while another transaction writes the same items. The SDK doesn't retry these conflicts.
 */
export async function withoutConflict<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      const isConflict = error instanceof TransactionConflictException || reasonsOf(error).has('TransactionConflict');
      // If a condition failed too, the next attempt would fail in the same way.
      if (!isConflict || reasonsOf(error).has('ConditionalCheckFailed') || attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS * attempt);
    }
  }
}

/** Makes all writes of a transaction, or none if a condition fails because they were made before. */
export async function unlessDone(client: DynamoDBClient, write: TransactWriteItemsCommand): Promise<void> {
  try {
    await withoutConflict(() => client.send(write));
  } catch (error) {
    if (!reasonsOf(error).has('ConditionalCheckFailed')) throw error;
  }
}

/** Returns whether a conditional write was made: false if its condition failed. Throws on any other failure. */
export async function isWritten(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
