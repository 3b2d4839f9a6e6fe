import type {
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { OVERDUE, type Saga } from '../../core/saga/define.ts';
import { handleFact, type SagaResult, type SagaStore } from '../../core/saga/handle.ts';
import type { Item } from '../aws/items.ts';
import { type FactQueuePorts, factBatch } from '../facts/queue.ts';
import { readEffect, type SagaEffect } from './items.ts';
import { logFailedEffect, logLeftEffect } from './telemetry.ts';

/** What a saga runs on. */
export interface SagaHandling {
  readonly saga: Saga;
  readonly store: SagaStore;
  /** Where its facts come from: see `createFactQueue`. */
  readonly queue: FactQueuePorts;
  /** How long a settled instance is kept, seconds. */
  readonly keepSeconds: number;
  /** Told what became of each fact that was taken in. */
  readonly report: (result: SagaResult) => void;
  readonly nowMs?: () => number;
}

/** Takes a batch of facts in, as `factBatch` does. */
export function sagaBatch(
  { saga, store, queue, keepSeconds, report, nowMs = Date.now }: SagaHandling,
  event: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  return factBatch(
    {
      contracts: [...saga.needs, ...saga.cancelledBy],
      work: async (fact) => report(await handleFact(saga, store, fact, { nowMs: nowMs(), keepSeconds })),
      queue,
      nowMs,
    },
    event,
  );
}

/** What carries effects out, by their names. What one throws has its effect come again; of it the name alone is logged. */
export type EffectHandlers = Readonly<Record<string, (effect: SagaEffect) => Promise<unknown>>>;

/**
 * Carries out the effects that a saga recorded, from a batch of its table's stream: each at least once, with an idempotency key that is the same
 * every time. The first one that failed restarts the batch. Logs what failed, and what nobody carries out.
 *
 * @param options.leftToOthers names that other functions carry out; default none
 */
export async function effectBatch(
  handlers: EffectHandlers,
  { Records }: Pick<DynamoDBStreamEvent, 'Records'>,
  { leftToOthers = [] }: { readonly leftToOthers?: readonly string[] } = {},
): Promise<DynamoDBBatchResponse> {
  const carryOut = async ({ eventName, dynamodb }: DynamoDBRecord): Promise<boolean> => {
    // The Lambda event's attribute values are DynamoDB's wire form, which the SDK's type describes too.
    const effect = eventName === 'INSERT' ? readEffect((dynamodb?.NewImage ?? {}) as Item) : undefined;
    if (effect === undefined || leftToOthers.includes(effect.name)) return true;
    const handler = Object.hasOwn(handlers, effect.name) ? handlers[effect.name] : undefined;
    // The alert of a missed deadline is an effect that asks for nothing.
    if (handler === undefined && effect.name !== OVERDUE) logLeftEffect(effect);
    try {
      await handler?.(effect);
      return true;
    } catch (error) {
      logFailedEffect(effect, error);
      return false;
    }
  };
  const done = await Promise.all(Records.map(carryOut));
  const first = Records[done.indexOf(false)];
  return { batchItemFailures: first ? [{ itemIdentifier: first.dynamodb?.SequenceNumber ?? '' }] : [] };
}
