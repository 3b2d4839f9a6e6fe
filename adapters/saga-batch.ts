import type { DynamoDBBatchResponse, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Saga } from '../core/saga/define.ts';
import { handleFact, type SagaResult, type SagaStore } from '../core/saga/handle.ts';
import { type FactQueuePorts, factBatch } from './fact-queue.ts';
import type { Item } from './items.ts';
import { readEffect, type SagaEffect } from './saga-items.ts';

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

/**
 * Carries out the effects that a saga recorded, from a batch of its table's stream: each at least once, with an idempotency key that is the same
 * every time. The first one that failed restarts the batch.
 *
 * @param names the effects to carry out; others are left out
 */
export async function effectBatch(
  names: readonly string[],
  { Records }: Pick<DynamoDBStreamEvent, 'Records'>,
  carryOut: (effect: SagaEffect) => Promise<unknown>,
): Promise<DynamoDBBatchResponse> {
  const results = await Promise.allSettled(
    Records.map(async ({ eventName, dynamodb }) => {
      // The Lambda event's attribute values are DynamoDB's wire form, which the SDK's type describes too.
      const effect = eventName === 'INSERT' ? readEffect((dynamodb?.NewImage ?? {}) as Item) : undefined;
      if (effect !== undefined && names.includes(effect.name)) await carryOut(effect);
    }),
  );
  const first = Records[results.findIndex(({ status }) => status === 'rejected')];
  return { batchItemFailures: first ? [{ itemIdentifier: first.dynamodb?.SequenceNumber ?? '' }] : [] };
}
