import type {
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { FreshetError } from '../../core/errors.ts';
import { UnprocessableFact } from '../../core/facts/read-fact.ts';
import { OVERDUE, type Saga } from '../../core/saga/define.ts';
import { handleFact, type SagaResult, type SagaStore } from '../../core/saga/handle.ts';
import type { Item } from '../aws/items.ts';
import { type FactQueuePorts, factBatch } from '../facts/queue.ts';
import { readEffect, type SagaEffect } from './items.ts';
import { logFailedEffect, logUnhandledEffect } from './telemetry.ts';

/** A saga with its ports. */
export interface SagaHandling {
  readonly saga: Saga;
  readonly store: SagaStore;
  /** The queue that brings the saga's facts, see `createFactQueue`. */
  readonly queue: FactQueuePorts;
  /** How long a decided or cancelled instance is kept, in seconds. */
  readonly keepSeconds: number;
  /** Receives the result of each fact. */
  readonly report: (result: SagaResult) => void;
  /** Returns the current time, epoch milliseconds. Default: the system clock. */
  readonly nowMs?: () => number;
}

/** Time by which an instance is kept longer than facts are accepted. It covers differing clocks and a slow batch. */
const KEEP_MARGIN_SECONDS = 86_400;

/**
 * Handles a batch of facts for a saga, see `factBatch`. A fact is parked at once if the saga may have forgotten its
 * instance, or if the saga's function returns no list of effects.
 */
export function sagaBatch(
  { saga, store, queue, keepSeconds, report, nowMs = Date.now }: SagaHandling,
  event: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  return factBatch(
    {
      contracts: [...saga.needs, ...saga.cancelledBy],
      work: async (fact) =>
        report(await handleFact(saga, store, fact, { nowMs: nowMs(), keepSeconds }).catch(unprocessable)),
      queue,
      nowMs,
      maxAgeSeconds: Math.max(0, keepSeconds - KEEP_MARGIN_SECONDS),
    },
    event,
  );
}

/** Throws an error so that a fault of the definition parks the fact with the saga's name. */
function unprocessable(error: unknown): never {
  if (!(error instanceof FreshetError) || error.code !== 'InvalidSaga') throw error;
  throw new UnprocessableFact({ reason: 'invalid', explanation: error.message });
}

/**
 * Functions that carry out effects, by the names of the effects. If a function throws, its effect is delivered again,
 * and only the error's name is logged.
 */
export type EffectHandlers = Readonly<Record<string, (effect: SagaEffect) => Promise<unknown>>>;

/**
 * Carries out the effects that a saga recorded, from a batch of its table's stream. Each effect is carried out at least
 * once, with the same idempotency key every time. Lambda retries the batch from the first failed effect. Failed
 * effects, and effects without a handler, are logged. Return the result from your Lambda handler.
 *
 * @param handlers the function for each effect
 * @param event the event of the Lambda function
 * @param options.leftToOthers names of effects that other functions carry out; default none
 */
export async function effectBatch(
  handlers: EffectHandlers,
  event: Pick<DynamoDBStreamEvent, 'Records'>,
  { leftToOthers = [] }: { readonly leftToOthers?: readonly string[] } = {},
): Promise<DynamoDBBatchResponse> {
  const carryOut = async ({ eventName, dynamodb }: DynamoDBRecord): Promise<boolean> => {
    // The attribute values of a Lambda event have the same form as the SDK's type.
    const effect = eventName === 'INSERT' ? readEffect((dynamodb?.NewImage ?? {}) as Item) : undefined;
    if (effect === undefined || leftToOthers.includes(effect.name)) return true;
    const handler = Object.hasOwn(handlers, effect.name) ? handlers[effect.name] : undefined;
    // The alert of a missed deadline needs no handler.
    if (handler === undefined && effect.name !== OVERDUE) logUnhandledEffect(effect);
    try {
      await handler?.(effect);
      return true;
    } catch (error) {
      logFailedEffect(effect, error);
      return false;
    }
  };
  const done = await Promise.all(event.Records.map(carryOut));
  const first = event.Records[done.indexOf(false)];
  return { batchItemFailures: first ? [{ itemIdentifier: first.dynamodb?.SequenceNumber ?? '' }] : [] };
}
