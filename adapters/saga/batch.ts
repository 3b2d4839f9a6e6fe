import type {
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { FreshetError } from '../../core/errors.ts';
import { UnprocessableFact } from '../../core/facts/read-fact.ts';
import { type Effect, type EffectOf, OVERDUE, type Saga } from '../../core/saga/define.ts';
import { handleFact, type SagaResult, type SagaStore } from '../../core/saga/handle.ts';
import type { Item } from '../aws/items.ts';
import { type FactQueuePorts, factBatch, queueBatch } from '../facts/queue.ts';
import { type EffectRetries, parkedEffect, parkedStranger, sentEffect } from './effect-retries.ts';
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
 * instance, or if a function of the saga returns a promise or another wrong result.
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

/** An effect with a name, as its handler receives it. */
export type EffectNamed<Effects extends Effect, Name extends string> = Omit<SagaEffect, 'name' | 'data'> & {
  readonly name: Name;
  readonly data: Effects extends unknown ? (Name extends Effects['name'] ? Effects['data'] : never) : never;
};

type Handler<Received> = (effect: Received) => Promise<unknown>;

/**
 * Functions that carry out effects, by the names of the effects. If a function throws, its effect is delivered again,
 * and only the error's name is logged.
 *
 * With the type of a saga, `EffectHandlers<typeof shipping>`, each effect of the saga has a handler that knows its
 * data. `Left` are the names of effects that other functions carry out. The alert of a missed deadline, `Overdue`,
 * needs no handler.
 */
export type EffectHandlers<S extends Saga = Saga, Left extends string = never> = string extends EffectOf<S>['name']
  ? Readonly<Record<string, Handler<SagaEffect>>>
  : {
      readonly [Name in Exclude<EffectOf<S>['name'], Left | typeof OVERDUE>]: Handler<EffectNamed<EffectOf<S>, Name>>;
    } & { readonly [OVERDUE]?: Handler<SagaEffect> };

/** The event of a function that carries out effects: a batch of the saga's stream, or of the queue of its retries. */
export type EffectEvent = Pick<DynamoDBStreamEvent, 'Records'> | Pick<SQSEvent, 'Records'>;

/** The options of `effectBatch`. */
export interface EffectOptions<Left extends string = string> {
  /** Names of effects that other functions carry out; default none. */
  readonly leftToOthers?: readonly Left[];
  /**
   * Where failed effects are retried, see `createEffectRetries`. Default: in the stream, where a failed effect holds up
   * the later effects of its shard until Lambda gives it up after 23 hours.
   */
  readonly retries?: EffectRetries;
}

/**
 * Carries out the effects that a saga recorded, from a batch of its table's stream. Each effect is carried out at least
 * once, with the same idempotency key every time. A failed effect is retried from the queue of `retries`, while the
 * stream continues; there it has the budget and the parking of facts. Failed effects, and effects without a handler,
 * are logged. Return the result from your Lambda handler.
 *
 * `effectBatch<typeof shipping>(…)` gives each handler the type of its effect's data. Import the saga as a type only,
 * so that its module isn't bundled into the function.
 *
 * @param handlers the function for each effect
 * @param event the event of the Lambda function
 */
export async function effectBatch<S extends Saga = Saga, Left extends string = never>(
  handlers: EffectHandlers<S, Left>,
  event: EffectEvent,
  ...[options = {}]: OptionsFor<Left>
): Promise<SQSBatchResponse & DynamoDBBatchResponse> {
  const { leftToOthers = [], retries }: EffectOptions = options;
  // The names and the data that the saga's own definition has recorded are those of its type.
  const byName = handlers as Readonly<Record<string, Handler<SagaEffect>>>;
  const carryOut = async (effect: SagaEffect): Promise<void> => {
    if (leftToOthers.includes(effect.name)) return;
    const handler = Object.hasOwn(byName, effect.name) ? byName[effect.name] : undefined;
    // The alert of a missed deadline needs no handler.
    if (handler === undefined && effect.name !== OVERDUE) logUnhandledEffect(effect);
    try {
      await handler?.(effect);
    } catch (error) {
      logFailedEffect(effect, error);
      throw error;
    }
  };
  if (isOfQueue(event)) return retried(event, carryOut, retries);
  const done = await Promise.all(event.Records.map((record) => isCarriedOut(record, carryOut, retries)));
  const first = event.Records[done.indexOf(false)];
  return { batchItemFailures: first ? [{ itemIdentifier: first.dynamodb?.SequenceNumber ?? '' }] : [] };
}

/** Effects that the types leave to other functions must be left to them at run time as well. */
type OptionsFor<Left extends string> = [Left] extends [never]
  ? [options?: EffectOptions]
  : [options: EffectOptions<Left> & { readonly leftToOthers: readonly Left[] }];

function isOfQueue(event: EffectEvent): event is Pick<SQSEvent, 'Records'> {
  return event.Records.some((record) => 'eventSource' in record && record.eventSource === 'aws:sqs');
}

/** Whether the effect of a stream record is carried out, or was sent to its retries. */
async function isCarriedOut(
  { eventName, dynamodb }: DynamoDBRecord,
  carryOut: (effect: SagaEffect) => Promise<void>,
  retries: EffectRetries | undefined,
): Promise<boolean> {
  // The attribute values of a Lambda event have the same form as the SDK's type.
  const effect = eventName === 'INSERT' ? readEffect((dynamodb?.NewImage ?? {}) as Item) : undefined;
  if (effect === undefined) return true;
  try {
    await carryOut(effect).catch((error: unknown) => {
      if (retries === undefined) throw error;
      return retries.send(effect);
    });
    return true;
  } catch {
    return false;
  }
}

/** Carries out effects again that failed before. */
function retried(
  event: Pick<SQSEvent, 'Records'>,
  carryOut: (effect: SagaEffect) => Promise<void>,
  retries: EffectRetries | undefined,
): Promise<SQSBatchResponse> {
  if (retries === undefined) {
    throw new Error(
      'retries: missing. Required to handle messages of a queue: pass the result of createEffectRetries.',
    );
  }
  const nowMs = Date.now;
  return queueBatch(
    {
      async handle(message) {
        const effect = sentEffect(message);
        if (effect === undefined) return parkedStranger(message, nowMs());
        await carryOut(effect);
        return undefined;
      },
      exhausted: (message, error) => parkedEffect(message, error, nowMs()),
      queue: retries.queue,
      nowMs,
    },
    event,
  );
}
