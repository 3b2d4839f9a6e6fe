import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { BUCKET_KEY, type FlowTable } from './flow-table.ts';

/** Tries at the bucket before a writer waits for the next moment; each lost one means that another writer got a lease. */
const MAX_TRIES = 5;

/** How far ahead the bucket can be taken. What lies further off is no lease's, but that of a clock that was wrong. */
const MAX_AHEAD_MS = 15 * 60_000;

/** A span of the bucket, or until when others have all of it. */
export type Reserved = { readonly fromMs: number } | { readonly fullUntilMs: number };

/**
 * Reserves a span of the token bucket: from when it is next free, which every lease moves on by its length. One write of one small item
 * per lease, a second one where the bucket lay idle.
 *
 * @param latestMs the span must begin by then; at most 15 minutes ahead
 */
export async function reserve(
  { client, tableName }: FlowTable,
  spanMs: number,
  nowMs: number,
  latestMs: number,
  abortSignal: AbortSignal,
): Promise<Reserved> {
  const taken = async (expression: string, condition: string, values: Record<string, number>): Promise<Reserved> => {
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: BUCKET_KEY,
        UpdateExpression: expression,
        ConditionExpression: condition,
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, { N: String(value) }]),
        ),
        ReturnValues: 'UPDATED_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
      { abortSignal },
    );
    return { fromMs: Number(Attributes?.freeAt?.N) - spanMs };
  };
  const endMs = nowMs + MAX_AHEAD_MS;
  const byMs = Math.min(latestMs, endMs);
  let isIdle = false;
  for (let tried = 0; tried < MAX_TRIES; tried += 1) {
    try {
      return isIdle
        ? await taken('SET freeAt = :until', 'NOT (freeAt > :now AND freeAt <= :end)', {
            ...{ ':until': nowMs + spanMs, ':now': nowMs, ':end': endMs + spanMs },
          })
        : await taken('SET freeAt = freeAt + :span', 'freeAt > :now AND freeAt <= :by', {
            ...{ ':span': spanMs, ':now': nowMs, ':by': byMs },
          });
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const freeAtMs = Number(error.Item?.freeAt?.N);
      isIdle = !(freeAtMs > nowMs && freeAtMs <= endMs + spanMs);
      if (!isIdle && freeAtMs > byMs) return { fullUntilMs: freeAtMs };
    }
  }
  return { fullUntilMs: nowMs };
}
