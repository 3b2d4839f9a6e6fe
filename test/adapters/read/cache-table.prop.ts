import type { DynamoDBClient, PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import type { EntityRef } from '../../../core/entity.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { State } from '../../../core/state.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';
import { labMessage, shelf } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;
let tableName: string;
let entities = 0;

beforeAll(async () => {
  tables = await startTables();
  tableName = await tables.create('Ordering');
});
afterAll(() => tables.stop());

/** The state of each version of an entity; undefined for a deletion. */
type History = readonly (State | undefined)[];

/** The versions of an entity in batches, as a queue may deliver them. */
type Deliveries = readonly (readonly number[])[];

describe("an entity's cache", () => {
  test('a cache ends up at the highest version after any permutation and duplication of the events', async () => {
    await fc.assert(endsAtTheHighest(tables.client), { numRuns: 75 });
  });

  test('a cache ends up at the highest of three versions in all 222 orders of one or two copies each', async () => {
    const history: History = [{ n: 1 }, undefined, { n: 3 }];
    const orders = arrangements([1, 1, 2, 2, 3, 3]).filter((order) => new Set(order).size === history.length);
    expect(orders).toHaveLength(222);
    for (const order of orders) {
      const deliveries = order.map((version) => [version]);
      expect(await cachedAfter(tables.client, history, deliveries)).toEqual(highest(history));
    }
  }, 120_000);

  test('mutant: the property fails for a put without a condition', async () => {
    const client = dynamoDbClient({ endpoint: tables.url });
    putUnconditionally(client);
    const found = await fc.check(endsAtTheHighest(client), { numRuns: 150, endOnFailure: true });
    client.destroy();
    expect(found).toMatchObject({ failed: true, errorInstance: { name: 'AssertionError' } });
  });
});

function endsAtTheHighest(client: DynamoDBClient) {
  return fc.asyncProperty(histories, async ({ history, deliveries }) => {
    expect(await cachedAfter(client, history, deliveries)).toEqual(highest(history));
  });
}

/**
 * One to five versions, a quarter of them deletions; one to three copies of each, in any order and in random batches.
 */
const histories = fc
  .array(fc.option(fc.record({ n: fc.nat(3) }), { freq: 3, nil: undefined }), { minLength: 1, maxLength: 5 })
  .chain((history) => {
    const versions = history.map((_, index) => index + 1);
    const copies = fc.tuple(
      ...versions.map((version) => fc.integer({ min: 1, max: 3 }).map((n) => Array(n).fill(version))),
    );
    const order = copies.chain((all) => {
      const events: number[] = all.flat();
      return fc.tuple(
        fc.shuffledSubarray(events, { minLength: events.length }),
        fc.array(fc.boolean(), { minLength: 15 }),
      );
    });
    return order.map(([events, cuts]) => ({ history, deliveries: cut(events, cuts) }));
  });

/** Splits the events before each position whose cut is true. */
function cut(events: readonly number[], cuts: readonly boolean[]): Deliveries {
  const batches: number[][] = [[]];
  for (const [index, event] of events.entries()) {
    if (cuts[index]) batches.push([]);
    batches.at(-1)?.push(event);
  }
  return batches;
}

/** Returns the cached version and value of a new entity after these deliveries. */
async function cachedAfter(client: DynamoDBClient, history: History, deliveries: Deliveries) {
  entities += 1;
  const entity = { type: 'Thing', id: `entity-${entities}` } as const satisfies EntityRef;
  const { ports, everParked, postponed } = inMemoryCache();
  const projection = projectionOf(shelf, { ...ports, ...createCacheWriter({ client, tableName }) }, 0);
  for (const batch of deliveries) {
    const messages = batch.map((version) => labMessage(entity, version, history[version - 1]));
    const { returned } = await projectBatch(projection, messages);
    if (returned.length > 0) throw returned[0]?.error;
    expect([everParked, postponed]).toEqual([[], []]);
  }
  const cached = await createReader({ boundary: shelf, client, tableName }).get(entity.type, entity.id);
  return {
    version: cached.status === 'unknown' ? 0 : cached.version,
    value: cached.status === 'found' ? cached.value : undefined,
  };
}

function highest(history: History) {
  return { version: history.length, value: history.at(-1) };
}

/** Plants a bug: every item is stored. */
function putUnconditionally(client: DynamoDBClient): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName !== 'PutItemCommand') return next(args);
        const { TableName, Item } = args.input as PutItemCommandInput;
        return next({ ...args, input: { TableName, Item } });
      },
    { step: 'initialize' },
  );
}

/** All distinct sequences of any length that can be drawn from the values. */
function arrangements(values: readonly number[]): number[][] {
  const found = new Map<string, number[]>();
  const extend = (drawn: number[], left: readonly number[]): void => {
    found.set(drawn.join(), drawn);
    for (const [index, value] of left.entries()) extend([...drawn, value], left.toSpliced(index, 1));
  };
  extend([], values);
  return [...found.values()];
}
