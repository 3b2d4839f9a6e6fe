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
import type { ProjectPorts, SetAside } from '../../core/project/ports.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item, keyItem } from '../aws/items.ts';
import { ALONE, asideItem, parkingKey } from './parked-items.ts';

/** Nothing lies under the key. */
const ABSENT = `attribute_not_exists(${ATTRIBUTE.partition})`;

/** How long the note of a try alone is kept, should its message be gone: the longest retention of a queue (sqs/quotas-queues). */
const NOTE_LIFE_SECONDS = 14 * 86_400;

/** Where a boundary's set-aside events lie, and the cache table that stop markers are in. */
export interface ParkingTables {
  readonly client: DynamoDBClient;
  readonly parkingTable: string;
  readonly cacheTable: string;
}

type ParkingPorts = Pick<ProjectPorts, 'park' | 'stop' | 'hold' | 'beginAlone' | 'endAlone'>;

/** Sets events aside, in the parking table, and stops entities, by a marker on the cache's item that every write is conditional on. */
export function createParking({ client, parkingTable, cacheTable }: ParkingTables): ParkingPorts {
  const put = (aside: SetAside) => ({ TableName: parkingTable, Item: asideItem(aside) });

  const ports: ParkingPorts = {
    async park(aside) {
      await isTaken(client.send(new PutItemCommand({ ...put(aside), ConditionExpression: ABSENT })));
    },
    async stop(entity, aside) {
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
        ExpressionAttributeValues: { ':marker': { N: String(aside.setAsideAtMs) }, ':none': { N: '0' } },
      };
      const [stopped] = await refusals(client, [{ Update: update }, { Put: put(aside) }]);
      return stopped === true ? 'stopped' : 'done';
    },
    async hold(entity, asides) {
      const [chunk, ...later] = chunks(asides);
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
        const puts = left.map((aside) => ({ Put: { ...put(aside), ConditionExpression: ABSENT } }));
        const [released, ...there] = await refusals(client, [{ Update: update }, ...puts]);
        if (released === undefined) break;
        if (released) return 'released';
        // Delivered again: what is there was counted.
        left = left.filter((_, index) => !there[index]);
      }
      return later.length === 0 ? 'done' : ports.hold(entity, later.flat());
    },
    async beginAlone(message, onlyFirst) {
      // A name of its own for each try: sent twice by the SDK, whose first answer was lost, it counts once.
      const name = randomUUID();
      const before = (tries: Item[string] | undefined) => (tries?.SS ?? []).filter((one) => one !== name).length;
      try {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            TableName: parkingTable,
            Key: parkingKey(ALONE, message),
            UpdateExpression: 'ADD tries :try SET #expires = :expires',
            ...(onlyFirst && { ConditionExpression: 'attribute_not_exists(tries)' }),
            ExpressionAttributeNames: { '#expires': ATTRIBUTE.expiresAt },
            ExpressionAttributeValues: {
              ':try': { SS: [name] },
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
  return ports;
}

/** What one transaction takes: 100 actions and 4 MB (ddb/Constraints, 2026-11-23), with room for keys and the marker. */
const MAX_HELD_AT_ONCE = 50;
const MAX_HELD_BYTES = 3 * 1024 * 1024;

function chunks(asides: readonly SetAside[]): SetAside[][] {
  const all: SetAside[][] = [];
  let bytes = 0;
  for (const aside of asides) {
    const size = utf8Bytes(aside.message.body) + 4_096;
    const last = all.at(-1);
    if (last === undefined || last.length === MAX_HELD_AT_ONCE || bytes + size > MAX_HELD_BYTES) {
      all.push([aside]);
      bytes = size;
    } else {
      last.push(aside);
      bytes += size;
    }
  }
  return all;
}

type TransactItems = NonNullable<ConstructorParameters<typeof TransactWriteItemsCommand>[0]['TransactItems']>;

/** Carries out a transaction: nothing if it went through, else for each item whether its condition refused it. Throws for any other cause. */
async function refusals(client: DynamoDBClient, TransactItems: TransactItems): Promise<readonly boolean[]> {
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
