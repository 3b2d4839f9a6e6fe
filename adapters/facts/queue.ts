import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import type { FactContract, FactOf } from '../../core/facts/fact.ts';
import {
  type PoisonFact,
  parkedExhausted,
  parkedPoison,
  readFact,
  UnprocessableFact,
} from '../../core/facts/read-fact.ts';
import { runGroups } from '../../core/message-groups.ts';
import type { ParkedEvent, ReceivedMessage } from '../../core/project/ports.ts';
import type { RetryLimits } from '../../core/retries.ts';
import { sqsClient } from '../aws/clients.ts';
import { isTransient } from '../aws/transient.ts';
import { createParking } from '../project/parking-table.ts';
import { createPostponing } from '../project/postpone.ts';
import { receivedMessage } from '../project/queue.ts';
import type { FactReport } from './report.ts';
import { factTelemetry } from './telemetry.ts';

/** The queue of a batch of facts: see `createFactQueue`. */
export interface FactQueuePorts {
  /** How often and how long a failing fact is retried before it is parked. */
  readonly budget: RetryLimits;
  /** Parks an event that isn't retried any more. */
  readonly park: (event: ParkedEvent) => Promise<void>;
  /** Hides messages of a batch for a while, before they are delivered again. Best effort. */
  readonly postpone: (messages: readonly ReceivedMessage[], seconds: number, handles: ReceiptHandles) => Promise<void>;
  /** Called once per batch. */
  readonly report: (report: FactReport) => void;
}

/** Message id to receipt handle. */
export type ReceiptHandles = ReadonlyMap<string, string>;

/** How a function handles facts. */
export interface FactHandling<Contracts extends readonly FactContract[]> {
  /** The facts that the function handles. A message with anything else is parked. */
  readonly contracts: Contracts;
  /**
   * Handles a fact. It may be called more than once for the same event. When it throws, the message is delivered again
   * until its budget is used up; then it is parked, unless the error is one of AWS that passes by itself, such as
   * throttling. Only the name of the error is logged and stored.
   */
  readonly work: (fact: FactOf<Contracts[number]>) => Promise<unknown>;
  /** Where the facts come from: `createFactQueue`. */
  readonly queue: FactQueuePorts;
  readonly nowMs?: () => number;
  /**
   * Age beyond which a fact is parked, in seconds since its publication: the time for which the handler remembers what
   * it has done. Default: no limit.
   */
  readonly maxAgeSeconds?: number;
}

/**
 * Handles a batch of an SQS FIFO queue of facts: facts about the same thing one after the other, all others side by
 * side. A fact that fails goes back with the facts behind it in its group, hidden for longer each time. A fact that
 * failed too often and for too long is parked, and the facts behind it are handled.
 */
export async function factBatch<const Contracts extends readonly FactContract[]>(
  { contracts, work, queue, nowMs = Date.now, maxAgeSeconds }: FactHandling<Contracts>,
  event: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  const handle = async (message: ReceivedMessage): Promise<ParkedEvent | undefined> => {
    const poison = (why: PoisonFact) => parkedPoison(contracts, message, why, nowMs());
    const fact = readFact(contracts, message, { nowMs: nowMs(), maxAgeSeconds });
    if ('reason' in fact) return poison(fact);
    try {
      await work(fact);
      return undefined;
    } catch (error) {
      if (!(error instanceof UnprocessableFact)) throw error;
      return poison(error.poison);
    }
  };
  const exhausted = (message: ReceivedMessage, error: unknown) => parkedExhausted(contracts, message, error, nowMs());
  return queueBatch({ handle, exhausted, queue, nowMs }, event);
}

/** How the messages of a batch are handled, and parked. */
export interface QueueHandling {
  /** Handles a message, or returns it as it is parked at once. Throws when the message is to be tried again. */
  readonly handle: (message: ReceivedMessage) => Promise<ParkedEvent | undefined>;
  /** The parked event of a message that used up its budget. */
  readonly exhausted: (message: ReceivedMessage, error: unknown) => ParkedEvent;
  readonly queue: FactQueuePorts;
  readonly nowMs: () => number;
}

/** Handles a batch of an SQS FIFO queue, see `factBatch`. */
export async function queueBatch(
  { handle, exhausted, queue, nowMs }: QueueHandling,
  { Records }: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  const handles = new Map(Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const taken = new Set<ReceivedMessage>();
  const parked = new Map<ReceivedMessage, FactReport['parked'][number]>();
  const returned = new Map<ReceivedMessage, unknown>();
  const park = async (message: ReceivedMessage, event: ParkedEvent, error?: unknown) => {
    await queue.park(event);
    parked.set(message, { event, error });
  };
  await runGroups(Records.map(receivedMessage), {
    budget: queue.budget,
    nowMs,
    isTransient,
    process: async (messages) => {
      for (const message of messages) {
        const poison = await handle(message);
        if (poison === undefined) taken.add(message);
        else await park(message, poison);
      }
    },
    isSettled: (message) => taken.has(message) || parked.has(message),
    park: (message, error) => park(message, exhausted(message, error), error),
    giveBack: async (messages, error, seconds) => {
      for (const message of messages) returned.set(message, error);
      await queue.postpone(messages, seconds, handles);
    },
  });
  queue.report({
    taken: taken.size,
    parked: [...parked.values()],
    returned: [...returned].map(([message, error]) => ({ message, error })),
  });
  return { batchItemFailures: [...returned.keys()].map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** The settings that a `FactQueue` gives its handler, as JSON. */
export const settingsOf = z.object({
  name: z.string(),
  stack: z.string(),
  queueUrl: z.string(),
  parkingTable: z.string(),
  budget: z.object({ attempts: z.int(), ageSeconds: z.number() }),
});

/**
 * The queue of a `FactQueue`, for `factBatch`: parks events in the queue's parking table, and counts outcomes under the
 * queue's name.
 *
 * @param options.settings the construct's `settings`; pass it in the function's environment. Throws for any other text
 * @param options.queues the SQS client; default: a new one
 */
export function createFactQueue(options: {
  readonly client: DynamoDBClient;
  readonly settings: string;
  readonly queues?: SQSClient;
}): FactQueuePorts {
  const { client, queues = sqsClient() } = options;
  const { name, stack, queueUrl, parkingTable, budget } = settingsOf.parse(JSON.parse(options.settings));
  return {
    budget,
    // A queue of facts stops no entity, so it has no cache table for stop markers.
    park: createParking({ client, parkingTable, cacheTable: parkingTable }).park,
    postpone: (messages, seconds, handles) =>
      createPostponing({ client: queues, queueUrl, receiptHandle: (id) => handles.get(id) })(messages, seconds),
    report: factTelemetry({ name, stack }),
  };
}
