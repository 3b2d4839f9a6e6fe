import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import type { FactContract, FactOf } from '../../core/facts/fact.ts';
import { exhaustedAside, poisonAside, readFact } from '../../core/facts/read-fact.ts';
import type { ReceivedMessage, SetAside } from '../../core/project/ports.ts';
import { isUsedUp, postponeSeconds, type RetryLimits } from '../../core/retries.ts';
import { sqsClient } from '../aws/clients.ts';
import { createParking } from '../project/parking-table.ts';
import { receivedMessage } from '../project/queue.ts';
import { createPostponing } from '../project/set-aside.ts';
import { factTelemetry } from './telemetry.ts';

/** What became of a batch of facts. */
export interface FactReport {
  /** Facts that were taken in. */
  readonly taken: number;
  /** What was set aside; the error is that of the last try, undefined for what is no fact. */
  readonly parked: readonly { readonly aside: SetAside; readonly error: unknown }[];
  /** What goes back to the queue: what failed, and what is behind it about the same thing. */
  readonly returned: readonly { readonly message: ReceivedMessage; readonly error: unknown }[];
}

/** The queue of a batch of facts: see `createFactQueue`. */
export interface FactQueuePorts {
  /** What a failing fact is given before it is parked. */
  readonly budget: RetryLimits;
  /** Sets aside what isn't tried any more. */
  readonly park: (aside: SetAside) => Promise<void>;
  /** Hides messages of a batch for a while before they are delivered again. Best effort. */
  readonly postpone: (messages: readonly ReceivedMessage[], seconds: number, handles: ReceiptHandles) => Promise<void>;
  /** Told once of each batch. */
  readonly report: (report: FactReport) => void;
}

/** Message id to receipt handle. */
export type ReceiptHandles = ReadonlyMap<string, string>;

/** What a function does with facts. */
export interface FactHandling<Contracts extends readonly FactContract[]> {
  /** The facts that it takes; a message with anything else is parked. */
  readonly contracts: Contracts;
  /**
   * Takes a fact in. Called more than once for the same event; when it throws, the message comes again, until its budget is used up and it is
   * parked. Of what it throws the name alone is logged and kept.
   */
  readonly work: (fact: FactOf<Contracts[number]>) => Promise<unknown>;
  /** Where the facts come from: `createFactQueue`. */
  readonly queue: FactQueuePorts;
  readonly nowMs?: () => number;
}

/**
 * Takes in a batch of an SQS FIFO queue of facts: those about one thing one after the other, others side by side. What failed goes back with
 * those behind it in its group, and only those, hidden for longer each time; what failed too often and for too long is parked, and those behind it
 * go on.
 */
export async function factBatch<const Contracts extends readonly FactContract[]>(
  handling: FactHandling<Contracts>,
  { Records }: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  const groups = new Map<string, ReceivedMessage[]>();
  for (const message of Records.map(receivedMessage)) {
    groups.set(message.groupId, [...(groups.get(message.groupId) ?? []), message]);
  }
  const handles = new Map(Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
  const ended = await Promise.all([...groups.values()].map((group) => takeGroup(handling, group, handles)));
  const returned = ended.flatMap((one) => one.returned);
  handling.queue.report({
    taken: ended.reduce((sum, one) => sum + one.taken, 0),
    parked: ended.flatMap((one) => one.parked),
    returned,
  });
  return { batchItemFailures: returned.map(({ message }) => ({ itemIdentifier: message.messageId })) };
}

async function takeGroup<Contracts extends readonly FactContract[]>(
  { contracts, work, queue, nowMs = Date.now }: FactHandling<Contracts>,
  group: readonly ReceivedMessage[],
  handles: ReceiptHandles,
): Promise<FactReport> {
  let taken = 0;
  let isExhausted = false;
  const parked: FactReport['parked'][number][] = [];
  const park = async (aside: SetAside, error?: unknown) => {
    await queue.park(aside);
    parked.push({ aside, error });
  };
  /** Those behind it were received as often and may never have been tried, so only the first that fails is parked. */
  const isParked = async (message: ReceivedMessage, error: unknown): Promise<boolean> => {
    if (isExhausted || !isUsedUp(message, queue.budget, nowMs())) return false;
    isExhausted = true;
    const parking = park(exhaustedAside(contracts, message, error, nowMs()), error);
    return parking.then(
      () => true,
      () => false,
    );
  };
  for (const [index, message] of group.entries()) {
    try {
      const fact = readFact(contracts, message);
      if ('reason' in fact) await park(poisonAside(message, fact, nowMs()));
      else {
        await work(fact);
        taken += 1;
      }
    } catch (error) {
      if (await isParked(message, error)) continue;
      const left = group.slice(index);
      const seconds = postponeSeconds(Math.max(...left.map(({ receiveCount }) => receiveCount)));
      // Failing to postpone costs nothing but an earlier or later retry: the queue's own visibility time-out holds.
      await queue.postpone(left, seconds, handles).catch(() => undefined);
      return { taken, parked, returned: left.map((one) => ({ message: one, error })) };
    }
  }
  return { taken, parked, returned: [] };
}

/** What a `FactQueue` tells its handler, as JSON. */
const settingsOf = z.object({
  name: z.string(),
  queueUrl: z.string(),
  parkingTable: z.string(),
  budget: z.object({ attempts: z.int(), ageSeconds: z.number() }),
});

/**
 * The queue of a `FactQueue`, for `factBatch`: parks in its table, and counts what becomes of facts under its name.
 *
 * @param options.settings what the construct says in `settings`; hand it on in the function's environment. Throws for anything else
 * @param options.queues default: one of its own
 */
export function createFactQueue(options: {
  readonly client: DynamoDBClient;
  readonly settings: string;
  readonly queues?: SQSClient;
}): FactQueuePorts {
  const { client, queues = sqsClient() } = options;
  const { name, queueUrl, parkingTable, budget } = settingsOf.parse(JSON.parse(options.settings));
  return {
    budget,
    // It stops no entity, so there is no cache table that a marker would go into.
    park: createParking({ client, parkingTable, cacheTable: parkingTable }).park,
    postpone: (messages, seconds, handles) =>
      createPostponing({ client: queues, queueUrl, receiptHandle: (id) => handles.get(id) })(messages, seconds),
    report: factTelemetry(name),
  };
}
