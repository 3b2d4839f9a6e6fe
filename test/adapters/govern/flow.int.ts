import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { createFlow, type Flow, type FlowOptions } from '../../../adapters/govern/flow.ts';
import { BUCKET_KEY, createFlowStore } from '../../../adapters/govern/flow-table.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { HEARTBEAT_ID } from '../../../core/entity.ts';
import { BackpressureError } from '../../../core/govern/admit.ts';
import type { FlowDecision } from '../../../core/govern/decide.ts';
import { lab } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

const START_MS = Date.parse('2026-11-25T12:00:00Z');
const ENTITY = { type: 'Thing', id: 'a' };
const CAUSE = { cache: 'shelf', backlog: 70_000, drainSeconds: 90 };
const REFUSING = { state: 'refusing', cause: CAUSE, retryAfterSeconds: 30 } as const;

let tables: TestTables;
let tableName: string;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  tableName = await tables.create('Geography');
});

/** A clock that advances with each pause. */
function virtualTime() {
  let nowMs = START_MS;
  const pauses: number[] = [];
  return {
    now: () => nowMs,
    pauses,
    advance: (ms: number) => {
      nowMs += ms;
    },
    pause: async (ms: number, signal: AbortSignal | undefined) => {
      signal?.throwIfAborted();
      pauses.push(ms);
      nowMs += ms;
    },
  };
}

/** A new client, and a function that counts the commands it sent. */
function counting(url = tables.url): { client: DynamoDBClient; sent: (command: string) => number } {
  const client = dynamoDbClient({ endpoint: url });
  const commands: string[] = [];
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        commands.push(String(commandName));
        return next(args);
      },
    { step: 'initialize' },
  );
  return { client, sent: (command) => commands.filter((one) => one === command).length };
}

/** Stores a governor's decision. */
async function decided(given: Partial<FlowDecision>, atMs = START_MS): Promise<void> {
  await createFlowStore({ client: tables.client, tableName }).saveDecision({
    state: 'normal',
    levels: {},
    missing: [],
    retryAfterSeconds: 0,
    decidedAtMs: atMs,
    validUntilMs: atMs + 180_000,
    ...given,
  });
}

const paced = (pacePerSecond: number) => decided({ state: 'paced', pacePerSecond, cause: CAUSE });

/** Flow control in virtual time, with a client that counts its commands. */
function open(options: Partial<FlowOptions> = {}) {
  const time = virtualTime();
  const { client, sent } = counting();
  return { time, sent, flow: createFlow({ client, tableName, random: () => 0, ...time, ...options }) };
}

const many = (flow: Flow, count: number) =>
  Promise.all(Array.from({ length: count }, () => flow.enter(ENTITY, { maxWaitMs: 0 })));

describe('normal flow', () => {
  test.each([
    ['before the first decision', undefined],
    ['with a decision for normal flow', { state: 'normal' as const }],
  ])('%s, any number of writes costs one read per lifetime', async (_, given) => {
    if (given !== undefined) await decided(given);
    const { flow, time, sent } = open({ lifetimeMs: 5_000 });
    await many(flow, 50);
    time.advance(4_999);
    await many(flow, 50);
    expect([sent('GetItemCommand'), sent('UpdateItemCommand')]).toEqual([1, 0]);
    time.advance(1);
    await many(flow, 50);
    expect([sent('GetItemCommand'), sent('UpdateItemCommand')]).toEqual([2, 0]);
    expect(await flow.state()).toBe('normal');
  });

  test('an expired decision counts as normal, so a governor that does not run stops no writes', async () => {
    await decided({ ...REFUSING, validUntilMs: START_MS + 1_000 });
    const { flow, time } = open();
    expect(await flow.state()).toBe('refusing');
    time.advance(1_000);
    expect(await flow.state()).toBe('normal');
    await flow.enter(ENTITY, { maxWaitMs: 0 });
  });
});

describe('refused writes', () => {
  test('a refused write without a wait fails at once and says why and when to try again', async () => {
    await decided(REFUSING);
    const { flow, time } = open();
    const refused = await flow.enter(ENTITY, { maxWaitMs: 0 }).catch((error) => error);
    expect(refused).toBeInstanceOf(BackpressureError);
    expect(refused).toMatchObject({
      code: 'Backpressure',
      entity: ENTITY,
      retryAfterSeconds: 30,
      cache: 'shelf',
      backlog: 70_000,
      drainSeconds: 90,
      message: expect.stringMatching(/Thing\/a was not written: cache shelf lags by 70000 events.*Try again in 30 s/),
    });
    expect(time.pauses).toEqual([]);
  });

  test('a refused write whose maximum wait is shorter than retry-after fails at once', async () => {
    await decided(REFUSING);
    const { flow, time } = open();
    await expect(flow.enter(ENTITY, { maxWaitMs: 29_999 })).rejects.toThrow(BackpressureError);
    expect(time.pauses).toEqual([]);
  });

  test('a waiting write is admitted when the decision changes', async () => {
    await decided({ ...REFUSING, retryAfterSeconds: 6 });
    const time = virtualTime();
    const { flow } = open({
      ...time,
      pause: async (ms, signal) => {
        await time.pause(ms, signal);
        await decided({ state: 'normal' }, time.now());
      },
    });
    await flow.enter(ENTITY, { maxWaitMs: 20_000 });
    expect(time.pauses).toEqual([6_000]);
  });

  test('a write that waited for its maximum wait is refused with the time that it waited', async () => {
    await decided({ ...REFUSING, retryAfterSeconds: 6 });
    const { flow, time } = open();
    await expect(flow.enter(ENTITY, { maxWaitMs: 15_000 })).rejects.toThrow(/after waiting 15 s/);
    expect(time.pauses).toEqual([6_000, ...Array(9).fill(1_000)]);
  });

  test('a write that waits long reads the decision again in between', async () => {
    await decided({ ...REFUSING, retryAfterSeconds: 100 });
    const { flow, time } = open();
    await expect(flow.enter(ENTITY, { maxWaitMs: 100_000 })).rejects.toThrow(/after waiting 100 s/);
    expect(time.pauses).toEqual([30_000, 30_000, 30_000, 10_000]);
  });

  test('jitter makes a refused write wait longer than retry-after', async () => {
    await decided({ ...REFUSING, retryAfterSeconds: 4 });
    const { flow, time } = open({ random: () => 1 });
    await expect(flow.enter(ENTITY, { maxWaitMs: 7_000 })).rejects.toThrow(BackpressureError);
    expect(time.pauses[0]).toBe(6_000);
  });

  test('a signal ends the wait of a write', async () => {
    await decided({ ...REFUSING, retryAfterSeconds: 4 });
    const { client } = counting();
    // With real timers, so that a signal that doesn't end the wait makes the test time out.
    const flow = createFlow({ client, tableName, now: () => START_MS });
    const controller = new AbortController();
    const waiting = flow.enter(ENTITY, { maxWaitMs: 3_600_000, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toThrow(BackpressureError);
  });

  test.each([Number.NaN, -1])('a maximum wait of %s ms is refused', async (maxWaitMs) => {
    const { flow } = open();
    await expect(flow.enter(ENTITY, { maxWaitMs })).rejects.toMatchObject({
      code: 'InvalidMaxWait',
      message: `maxWaitMs: not a number of milliseconds: ${maxWaitMs}. Allowed: a number from 0.`,
    });
  });
});

describe("an owner's puts and deletes", () => {
  const owner = async () => {
    const ownerTable = await tables.create('Geography');
    const { flow } = open();
    return createOwner({ boundary: lab, tableName: ownerTable, client: tables.client, flow });
  };
  const noWait = { maxWaitMs: 0 };

  test("an owner's puts and deletes are refused before anything is written", async () => {
    await decided(REFUSING);
    const { put, delete: remove, get } = await owner();
    await expect(put('Thing', 'a', { a: 1 }, noWait)).rejects.toThrow(BackpressureError);
    await expect(remove('Thing', 'a', noWait)).rejects.toThrow(BackpressureError);
    expect(await get('Thing', 'a')).toBeUndefined();
  });

  test('an invalid put is refused as invalid before flow control applies', async () => {
    await decided(REFUSING);
    const { put } = await owner();
    await expect(put('Thing', HEARTBEAT_ID, { a: 1 }, noWait)).rejects.toMatchObject({ code: 'InvalidEntityId' });
    await expect(put('Thing', 'a', 'no object' as unknown, noWait)).rejects.toMatchObject({ code: 'InvalidState' });
  });

  test('writes with priority, reads, resyncs and heartbeats bypass flow control', async () => {
    await decided(REFUSING);
    const { put, get, list, count, beat, resync } = await owner();
    expect(await put('Thing', 'a', { a: 1 }, { priority: true })).toMatchObject({ outcome: 'created' });
    expect(await get('Thing', 'a')).toMatchObject({ version: 1 });
    expect((await list('Thing')).items).toHaveLength(1);
    expect(await count('Thing')).toBe(1);
    expect(await resync('Thing', 'a', 'token')).toBe('requested');
    await beat('Thing');
    expect(await get('Thing', HEARTBEAT_ID)).toMatchObject({ version: 1 });
  });
});

describe('paced writes', () => {
  test('a paced write without a wait is admitted while the bucket is free, and refused while it is full', async () => {
    await paced(2);
    const { flow, time } = open();
    await flow.enter(ENTITY, { maxWaitMs: 0 });
    const refused = await flow.enter(ENTITY, { maxWaitMs: 0 }).catch((error) => error);
    expect(refused).toMatchObject({ code: 'Backpressure', retryAfterSeconds: 1, cache: 'shelf' });
    expect(refused.message).toContain('writes are slowed');
    time.advance(500);
    await flow.enter(ENTITY, { maxWaitMs: 0 });
    expect(await flow.state()).toBe('paced');
  });

  test('paced writes wait for their turn at the pace', async () => {
    await paced(2);
    const { flow, time } = open();
    for (let count = 0; count < 5; count += 1) await flow.enter(ENTITY);
    expect(time.now() - START_MS).toBeGreaterThanOrEqual(2_000);
    expect(time.now() - START_MS).toBeLessThan(3_000);
  });

  test('a paced write that would have to wait too long takes nothing from the bucket', async () => {
    await paced(1);
    const { flow } = open();
    await flow.enter(ENTITY, { maxWaitMs: 0 });
    const freeAt = await bucket();
    await expect(flow.enter(ENTITY, { maxWaitMs: 999 })).rejects.toThrow(BackpressureError);
    expect(await bucket()).toEqual(freeAt);
  });

  test('writes that find the bucket full do not call it again until it can be free', async () => {
    await paced(1);
    const { flow, time, sent } = open();
    await flow.enter(ENTITY, { maxWaitMs: 0 });
    const leased = sent('UpdateItemCommand');
    const tries = Array.from({ length: 50 }, () => flow.enter(ENTITY, { maxWaitMs: 100 }));
    expect(new Set((await Promise.allSettled(tries)).map(({ status }) => status))).toEqual(new Set(['rejected']));
    for (let tried = 0; tried < 50; tried += 1) await flow.enter(ENTITY, { maxWaitMs: 0 }).catch(() => undefined);
    expect(sent('UpdateItemCommand')).toBe(leased + 1);
    time.advance(1_000);
    await flow.enter(ENTITY, { maxWaitMs: 0 });
  });

  test('a write without a wait does not cause the refusal of a concurrent write that can wait', async () => {
    await paced(1);
    const { flow } = open();
    await flow.enter(ENTITY, { maxWaitMs: 0 });
    const both = [flow.enter(ENTITY, { maxWaitMs: 0 }), flow.enter(ENTITY, { maxWaitMs: 5_000 })];
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  test('a write with an infinite maximum wait is paced too', async () => {
    await paced(2);
    const { flow, time, sent } = open();
    const writes = 5;
    for (let count = 0; count < writes; count += 1) await flow.enter(ENTITY, { maxWaitMs: Number.POSITIVE_INFINITY });
    expect(time.now() - START_MS).toBeGreaterThanOrEqual(((writes - 1) / 2) * 1_000);
    expect(sent('UpdateItemCommand')).toBeGreaterThan(0);
  });

  test.each<[string, Record<string, { S: string } | { N: string }>]>([
    ['has no number', { freeAt: { S: 'later' } }],
    ['has a time from a wrong clock', { freeAt: { N: String(START_MS * 2) } }],
    ['has no attributes', {}],
  ])('a bucket that %s starts again', async (_, content) => {
    await tables.client.send(new PutItemCommand({ TableName: tableName, Item: { ...BUCKET_KEY, ...content } }));
    await paced(2);
    const { flow } = open();
    await flow.enter(ENTITY, { maxWaitMs: 0 });
    expect(await bucket()).toEqual({ N: String(START_MS + 500) });
  });

  test('writers of two processes share the pace and write the bucket far less often than entities', async () => {
    const pace = 400;
    const writes = 300;
    await decided({ state: 'paced', pacePerSecond: pace, cause: CAUSE }, Date.now());
    const { client, sent } = counting();
    const flows = [createFlow({ client, tableName }), createFlow({ client, tableName })];
    const startedMs = performance.now();
    let left = writes;
    const writer = async (flow: Flow) => {
      for (; left > 0; left -= 1) await flow.enter(ENTITY);
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map((index) => writer(flows[index % 2] as Flow)));
    const seconds = (performance.now() - startedMs) / 1000;
    // Both may also use their last leases early, which are at most a quarter of a second each.
    expect(writes / (seconds + 2 * 0.25)).toBeLessThan(pace);
    expect(writes / seconds).toBeGreaterThan(pace / 8);
    expect(sent('UpdateItemCommand')).toBeLessThan(writes / 5);
    expect(sent('GetItemCommand')).toBe(2);
  });

  const bucket = async () => {
    const { Item } = await tables.client.send(new GetItemCommand({ TableName: tableName, Key: BUCKET_KEY }));
    return Item?.freeAt;
  };
});

describe('an unreachable flow table', () => {
  // Port 1 is reserved, so no server listens on it.
  const nowhere = 'http://127.0.0.1:1';

  test('an unreachable flow table stops no writes and is called once per lifetime', async () => {
    const { client, sent } = counting(nowhere);
    const { flow, time } = open({ client });
    await many(flow, 20);
    expect(await flow.state()).toBe('normal');
    expect(sent('GetItemCommand')).toBe(1);
    time.advance(5_000);
    await many(flow, 20);
    expect(sent('GetItemCommand')).toBe(2);
  });

  test('after the first failure of the flow table, writes do not wait for its response', async () => {
    const client = dynamoDbClient({ endpoint: nowhere });
    let asked = 0;
    const answer = () => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('cut off')) : new Promise<never>(() => {});
    };
    client.middlewareStack.add(() => answer, { step: 'build' });
    const { flow, time } = open({ client });
    await flow.enter(ENTITY);
    time.advance(5_000);
    // The second call never gets a response.
    await flow.enter(ENTITY);
    await expect.poll(() => asked).toBe(2);
  });

  test('a flow table that hangs delays the first write by less than one attempt of the client', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { flow } = open({ client: counting(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).client });
    const startedMs = performance.now();
    await flow.enter(ENTITY);
    expect(performance.now() - startedMs).toBeLessThan(1_500);
  });

  test('a decision that was read before applies until it expires while the flow table is unreachable', async () => {
    await decided(REFUSING);
    const { client } = counting();
    const broken = breakable(client);
    const { flow, time } = open({ client });
    expect(await flow.state()).toBe('refusing');
    broken.fail();
    time.advance(10_000);
    expect(await flow.state()).toBe('refusing');
    time.advance(170_000);
    expect(await flow.state()).toBe('normal');
  });

  test('an unreachable flow table does not stop paced writes, and its bucket is called once per lifetime', async () => {
    await paced(1);
    const { client, sent } = counting();
    const broken = breakable(client);
    const { flow } = open({ client });
    await flow.state();
    broken.fail();
    await many(flow, 20);
    expect(sent('UpdateItemCommand')).toBe(1);
  });

  /** Returns a function that makes all later calls of a client fail. */
  function breakable(client: DynamoDBClient) {
    let fails = false;
    client.middlewareStack.add((next) => (args) => (fails ? Promise.reject(new Error('cut off')) : next(args)), {
      step: 'build',
    });
    return {
      fail: () => {
        fails = true;
      },
    };
  }
});
