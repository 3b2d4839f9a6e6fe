import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { FactContract, FactOf } from '../core/fact.ts';
import type { ReceivedMessage, SetAside } from '../core/project/ports.ts';
import { poisonAside, readFact } from '../core/read-fact.ts';
import { createParking } from './parking-table.ts';
import { receivedMessage } from './queue.ts';

/** What a function does with facts. */
export interface FactHandling<Contracts extends readonly FactContract[]> {
  /** The facts that it takes; a message with anything else is parked. */
  readonly contracts: Contracts;
  /** Takes a fact in. Called more than once for the same event; when it throws, the message comes again. */
  readonly work: (fact: FactOf<Contracts[number]>) => Promise<unknown>;
  /** Sets aside what can never be taken in: see `createFactParking`. */
  readonly park: (aside: SetAside) => Promise<void>;
  /** Told of each message that goes back to the queue. Default: nobody. */
  readonly onReturned?: (message: ReceivedMessage, error: unknown) => void;
  readonly nowMs?: () => number;
}

/**
 * Takes in a batch of an SQS FIFO queue of facts: those about one thing one after the other, others side by side. What failed goes back with
 * those behind it in its group, and only those.
 */
export async function factBatch<const Contracts extends readonly FactContract[]>(
  { contracts, work, park, onReturned = () => {}, nowMs = Date.now }: FactHandling<Contracts>,
  { Records }: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  const groups = new Map<string, ReceivedMessage[]>();
  for (const message of Records.map(receivedMessage)) {
    groups.set(message.groupId, [...(groups.get(message.groupId) ?? []), message]);
  }
  const settle = async (message: ReceivedMessage): Promise<void> => {
    const fact = readFact(contracts, message);
    if ('reason' in fact) await park(poisonAside(message, fact, nowMs()));
    else await work(fact);
  };
  const returned = await Promise.all(
    [...groups.values()].map(async (messages) => {
      for (const [index, message] of messages.entries()) {
        try {
          await settle(message);
        } catch (error) {
          const left = messages.slice(index);
          for (const one of left) onReturned(one, error);
          return left;
        }
      }
      return [];
    }),
  );
  return { batchItemFailures: returned.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** Parks what is no fact, in the parking table of a `FactQueue`. */
export function createFactParking(options: {
  readonly client: DynamoDBClient;
  readonly parkingTable: string;
}): (aside: SetAside) => Promise<void> {
  // It stops no entity, so there is no cache table that a marker would go into.
  return createParking({ ...options, cacheTable: options.parkingTable }).park;
}
