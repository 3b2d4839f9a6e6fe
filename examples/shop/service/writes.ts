import { setTimeout as pause } from 'node:timers/promises';
import {
  type DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
  type TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';

/** Tries of a write that another one of the same items is in the way of, as when somebody clicks twice. */
const ATTEMPTS = 4;

/** Before the second try; longer before each further one. */
const PAUSE_MS = 25;

/** Why a transaction was cancelled, by item. */
const codesOf = (error: unknown): ReadonlySet<string | undefined> =>
  new Set(error instanceof TransactionCanceledException ? error.CancellationReasons?.map(({ Code }) => Code) : []);

/** Writes, and again where a transaction of the same items is in the way: the SDK doesn't try that again by itself. */
export async function withoutConflict<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      const isConflict = error instanceof TransactionConflictException || codesOf(error).has('TransactionConflict');
      // Where a condition failed too, it would fail again.
      if (!isConflict || codesOf(error).has('ConditionalCheckFailed') || attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS * attempt);
    }
  }
}

/** Writes all or, where a condition says that it was done before, nothing. */
export async function unlessDone(client: DynamoDBClient, write: TransactWriteItemsCommand): Promise<void> {
  try {
    await withoutConflict(() => client.send(write));
  } catch (error) {
    if (!codesOf(error).has('ConditionalCheckFailed')) throw error;
  }
}
