import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Boundary, PublishedFacts } from '../../core/contract/contract.ts';
import { type Fact, type FactContract, type FactOf, factGroupId } from '../../core/facts/fact.ts';
import { newFact, publishedContract } from '../../core/facts/new-fact.ts';
import type { StreamChange } from '../../core/relay/message.ts';
import { ATTRIBUTE, type Item } from '../aws/items.ts';

/** Options of a commit. */
export interface FactOptions {
  /**
   * Needed when the same fact may happen to the same thing more than once: see `factEventId`. 1 to 1,024 bytes, default
   * none.
   */
  readonly key?: string;
}

/** The item of a transaction that commits a fact. */
export type FactPut = TransactWriteItem & Required<Pick<TransactWriteItem, 'Put'>>;

/** A boundary's interface for facts. */
export interface Facts<Publishes extends PublishedFacts = PublishedFacts> {
  /**
   * The transaction item that commits a fact together with the change behind it: `TransactItems: [putOfTheOrder,
   * facts.put('OrderPlaced', ids)]`. The transaction fails if the fact was committed before.
   * @throws FreshetError `UnknownFact` | `InvalidFact` | `InvalidEntityId`
   */
  put<Type extends keyof Publishes & string>(
    type: Type,
    ids: FactOf<Publishes[Type]>['data'],
    options?: FactOptions,
  ): FactPut;
  /** Commits a fact on its own. `known`: it was committed before. Throws as `put` does. */
  commit<Type extends keyof Publishes & string>(
    type: Type,
    ids: FactOf<Publishes[Type]>['data'],
    options?: FactOptions,
  ): Promise<'committed' | 'known'>;
}

/** A boundary's name and the facts that it publishes. */
export type PublishingBoundary = Pick<Boundary, 'name' | 'publishes'>;

/**
 * Opens a boundary's table of facts. The table's stream is the outbox.
 *
 * @param options.keepSeconds how long a fact stays in the table, where a second commit finds it; default for ever
 */
export function createFacts<B extends PublishingBoundary>(options: {
  readonly boundary: B;
  readonly tableName: string;
  readonly client: DynamoDBClient;
  readonly keepSeconds?: number;
  readonly now?: () => number;
}): Facts<B['publishes']> {
  const { boundary, tableName, client, keepSeconds, now = Date.now } = options;

  const put = (type: string, ids: Readonly<Record<string, unknown>>, { key }: FactOptions = {}) => {
    const contract = publishedContract(boundary, type);
    const nowMs = now();
    const created = putOf(tableName, contract, newFact(contract, ids, { key, nowMs }));
    if (keepSeconds === undefined) return created;
    const expiresAt = { N: String(Math.ceil(nowMs / 1000) + keepSeconds) };
    return { ...created, Item: { ...created.Item, [ATTRIBUTE.expiresAt]: expiresAt } };
  };

  return {
    put: (type, ids, factOptions) => ({ Put: put(type, ids, factOptions) }),
    async commit(type, ids, factOptions) {
      try {
        await client.send(new PutItemCommand(put(type, ids, factOptions)));
        return 'committed';
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return 'known';
        throw error;
      }
    },
  };
}

/** The put of a new fact. The partition key is the message group, the sort key is the event id. */
export function putOf(tableName: string, contract: FactContract, fact: Fact): NonNullable<FactPut['Put']> {
  const { type, id, owner, occurredAt, data } = fact;
  const Item: Item = {
    [ATTRIBUTE.partition]: { S: factGroupId(contract, data) },
    [ATTRIBUTE.id]: { S: id },
    kind: { S: 'fact' },
    type: { S: type },
    owner: { S: owner },
    occurredAt: { S: occurredAt },
    [ATTRIBUTE.data]: { S: JSON.stringify(data) },
  };
  const ConditionExpression = `attribute_not_exists(${ATTRIBUTE.partition})`;
  return { TableName: tableName, Item, ConditionExpression };
}

const image = z.object({
  id: z.object({ S: z.string() }),
  kind: z.object({ S: z.literal('fact') }),
  type: z.object({ S: z.string() }),
  owner: z.object({ S: z.string() }),
  occurredAt: z.object({ S: z.string() }),
  data: z.object({ S: z.string() }),
});

/**
 * Reads a record of a fact table's stream. A removed fact was published before. An edited fact can't be published.
 */
export function factChange({ eventName, dynamodb }: DynamoDBRecord): StreamChange {
  const sequenceNumber = dynamodb?.SequenceNumber ?? '';
  if (eventName === 'REMOVE') return { sequenceNumber, kind: 'expired' };
  const unpublishable = { sequenceNumber, kind: 'unpublishable', reason: 'unreadable' } as const;
  if (eventName === 'MODIFY') return { ...unpublishable, message: "a fact was edited; facts can't change" };
  const read = image.safeParse(dynamodb?.NewImage);
  const data = parsedIds(read.data?.data.S);
  if (read.data === undefined || data === undefined) {
    return { ...unpublishable, message: "not a fact that the boundary's interface committed" };
  }
  const { id, type, owner, occurredAt } = read.data;
  return {
    sequenceNumber,
    kind: 'fact',
    fact: { type: type.S, id: id.S, owner: owner.S, occurredAt: occurredAt.S, data },
  };
}

function parsedIds(json: string | undefined): Fact['data'] | undefined {
  try {
    return z.record(z.string(), z.string()).safeParse(JSON.parse(json ?? '')).data;
  } catch {
    return undefined;
  }
}
