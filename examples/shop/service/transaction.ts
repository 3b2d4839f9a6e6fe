import { setTimeout as pause } from 'node:timers/promises';
import {
  type DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';

/** Tries of a write that another one of the same items is in the way of, as when somebody clicks twice. */
const ATTEMPTS = 4;

/** Before the second try; longer before each further one. */
const PAUSE_MS = 25;

/** Writes all or, where a condition says that it was done before, nothing. */
export async function unlessDone(client: DynamoDBClient, write: TransactWriteItemsCommand): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.send(write);
      return;
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
      const codes = new Set(reasons.map(({ Code }) => Code));
      if (codes.has('ConditionalCheckFailed')) return;
      if (!codes.has('TransactionConflict') || attempt === ATTEMPTS) throw error;
      await pause(PAUSE_MS * attempt);
    }
  }
}
