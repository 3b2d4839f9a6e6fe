import type { DynamoDBBatchResponse, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { ReceivedMessage, SetAside } from '../core/project/ports.ts';
import type { Saga } from '../core/saga/define.ts';
import { handleFact, type SagaResult, type SagaStore } from '../core/saga/handle.ts';
import { factBatch } from './fact-queue.ts';
import type { Item } from './items.ts';
import { readEffect, type SagaEffect } from './saga-items.ts';

/** Who is told what a saga does. */
export interface SagaTold {
  done(result: SagaResult): void;
  parked(aside: SetAside): void;
  returned(message: ReceivedMessage, error: unknown): void;
}

/** What a saga runs on. */
export interface SagaHandling {
  readonly saga: Saga;
  readonly store: SagaStore;
  /** Sets aside what is no fact of the saga. */
  readonly park: (aside: SetAside) => Promise<void>;
  /** How long a settled instance is kept, seconds. */
  readonly keepSeconds: number;
  readonly report: SagaTold;
  readonly nowMs?: () => number;
}

/** Takes a batch of facts in; a fact that failed goes back to its queue, with those behind it about the same thing. */
export function sagaBatch(
  { saga, store, park, keepSeconds, report, nowMs = Date.now }: SagaHandling,
  event: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  return factBatch(
    {
      contracts: [...saga.needs, ...saga.cancelledBy],
      work: async (fact) => report.done(await handleFact(saga, store, fact, { nowMs: nowMs(), keepSeconds })),
      park: async (aside) => {
        await park(aside);
        report.parked(aside);
      },
      onReturned: (message, error) => report.returned(message, error),
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
