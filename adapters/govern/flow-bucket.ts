import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { BUCKET_KEY, type FlowTable } from './flow-table.ts';

/** Maximum number of attempts to reserve a span. After each failed attempt another writer has got a lease. */
const MAX_TRIES = 5;

/** Maximum time that the bucket can be reserved ahead. A later time comes from a wrong clock. */
const MAX_AHEAD_MS = 15 * 60_000;

/** The start of a reserved span, or the time until which other writers have reserved the bucket. */
export type Reserved = { readonly fromMs: number } | { readonly fullUntilMs: number };

/**
 * Reserves a span of the token bucket. The bucket's item stores the time from which it is free, and each lease moves
 * that time by its length. A lease takes one write of a small item, or two if the bucket was idle.
 *
 * @param latestMs the latest start of the span; at most 15 minutes ahead
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
            ':until': nowMs + spanMs,
            ':now': nowMs,
            ':end': endMs + spanMs,
          })
        : await taken('SET freeAt = freeAt + :span', 'freeAt > :now AND freeAt <= :by', {
            ':span': spanMs,
            ':now': nowMs,
            ':by': byMs,
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
