import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { utf8Bytes } from '../../core/entity.ts';
import type { ParkedEvent, ProjectPorts } from '../../core/project/ports.ts';
import type { Sender } from '../aws/clients.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item, keyItem } from '../aws/items.ts';
import { ALONE, parkedItem, parkingKey } from './parked-items.ts';

/** The key has no item. */
const ABSENT = `attribute_not_exists(${ATTRIBUTE.partition})`;

/**
 * How long the note of a try is stored if its message is lost: the longest retention of a queue (sqs/quotas-queues).
 */
const NOTE_LIFE_SECONDS = 14 * 86_400;

/** The table of a boundary's parked events, and the cache table, which holds the stop markers. */
export interface ParkingTables<C = DynamoDBClient> {
  readonly client: C;
  readonly parkingTable: string;
  readonly cacheTable: string;
}

type ParkingPorts = Pick<ProjectPorts, 'park' | 'stop' | 'hold' | 'beginAlone' | 'endAlone'>;

/**
 * Parks events in the parking table. Stops entities by a marker on the cache's item, which every write checks.
 */
export function createParking({
  client,
  parkingTable,
  cacheTable,
}: ParkingTables<Sender<DynamoDBClient>>): ParkingPorts {
  const put = (event: ParkedEvent) => ({ TableName: parkingTable, Item: parkedItem(event) });

  const ports: Pick<ProjectPorts, 'park' | 'stop' | 'hold'> = {
    async park(event) {
      const { Item } = put(event);
      const request = {
        ...put(event),
        ConditionExpression: `${ABSENT} OR (sentAt < :sentAt AND (reason <> :reason OR explanation <> :explanation))`,
        ExpressionAttributeValues: {
          ':sentAt': Item.sentAt,
          ':reason': Item.reason,
          ':explanation': Item.explanation,
        } as Item,
      };
      await isTaken(client.send(new PutItemCommand(request)));
    },
    async stop(entity, event) {
      const update = {
        TableName: cacheTable,
        Key: keyItem(entity),
        UpdateExpression: 'SET #stopped = :marker, #version = if_not_exists(#version, :none) REMOVE #expires',
        ConditionExpression: 'attribute_not_exists(#stopped)',
        ExpressionAttributeNames: {
          '#stopped': ATTRIBUTE.stopped,
          '#version': ATTRIBUTE.version,
          '#expires': ATTRIBUTE.expiresAt,
        },
        ExpressionAttributeValues: { ':marker': { N: String(event.parkedAtMs) }, ':none': { N: '0' } },
      };
      const [stopped] = await refusals(client, [{ Update: update }, { Put: put(event) }]);
      return stopped === true ? 'stopped' : 'done';
    },
    async hold(entity, events) {
      const [chunk, ...later] = chunks(events);
      let left = chunk ?? [];
      while (left.length > 0) {
        const update = {
          TableName: cacheTable,
          Key: keyItem(entity),
          UpdateExpression: 'SET #stopped = #stopped + :count',
          ConditionExpression: 'attribute_exists(#stopped)',
          ExpressionAttributeNames: { '#stopped': ATTRIBUTE.stopped },
          ExpressionAttributeValues: { ':count': { N: String(left.length) } },
        };
        const puts = left.map((event) => ({ Put: { ...put(event), ConditionExpression: ABSENT } }));
        const [released, ...there] = await refusals(client, [{ Update: update }, ...puts]);
        if (released === undefined) break;
        if (released) return 'released';
        // An event that was delivered again is in the table already, and was counted then.
        left = left.filter((_, index) => !there[index]);
      }
      return later.length === 0 ? 'done' : ports.hold(entity, later.flat());
    },
  };
  return { ...ports, ...createNotes({ client, parkingTable }) };
}

/** Notes of messages that are tried alone, in the parking table. */
function createNotes({
  client,
  parkingTable,
}: Pick<ParkingTables<Sender<DynamoDBClient>>, 'client' | 'parkingTable'>): Pick<
  ProjectPorts,
  'beginAlone' | 'endAlone'
> {
  return {
    async beginAlone(message, onlyFirst) {
      // Each try has its own name, so that a request that the SDK sends twice counts as one try.
      const name = randomUUID();
      const before = (tries: Item[string] | undefined) => (tries?.SS ?? []).filter((one) => one !== name).length;
      try {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            TableName: parkingTable,
            Key: parkingKey(ALONE, message),
            UpdateExpression: 'ADD tries :try SET #expires = :expires, messageId = :message',
            ...(onlyFirst && { ConditionExpression: 'attribute_not_exists(tries)' }),
            ExpressionAttributeNames: { '#expires': ATTRIBUTE.expiresAt },
            ExpressionAttributeValues: {
              ':try': { SS: [name] },
              ':message': { S: message.messageId },
              ':expires': { N: String(Math.ceil(message.sentAtMs / 1000) + NOTE_LIFE_SECONDS) },
            },
            ReturnValues: 'UPDATED_NEW',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return before(Attributes?.tries);
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return before(error.Item?.tries);
        throw error;
      }
    },
    async endAlone(message) {
      await client.send(new DeleteItemCommand({ TableName: parkingTable, Key: parkingKey(ALONE, message) }));
    },
  };
}

/**
 * Limits of one transaction, below DynamoDB's 100 actions and 4 MB (ddb/Constraints, 2026-11-23): keys and the marker
 * need room.
 */
const MAX_HELD_AT_ONCE = 50;
const MAX_HELD_BYTES = 3 * 1024 * 1024;

function chunks(events: readonly ParkedEvent[]): ParkedEvent[][] {
  const all: ParkedEvent[][] = [];
  let bytes = 0;
  for (const event of events) {
    const size = utf8Bytes(event.message.body) + 4_096;
    const last = all.at(-1);
    if (last === undefined || last.length === MAX_HELD_AT_ONCE || bytes + size > MAX_HELD_BYTES) {
      all.push([event]);
      bytes = size;
    } else {
      last.push(event);
      bytes += size;
    }
  }
  return all;
}

type TransactItems = NonNullable<ConstructorParameters<typeof TransactWriteItemsCommand>[0]['TransactItems']>;

/**
 * Runs a transaction. The result is empty if it succeeded; otherwise it says for each item whether the item's condition
 * failed. Throws for any other failure.
 */
async function refusals(client: Sender<DynamoDBClient>, TransactItems: TransactItems): Promise<readonly boolean[]> {
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
    return [];
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
    if (codes.some((code) => code !== 'None' && code !== 'ConditionalCheckFailed')) throw error;
    return codes.map((code) => code === 'ConditionalCheckFailed');
  }
}
