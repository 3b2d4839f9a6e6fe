import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/aws/clients.ts';
import { cloudWatchClient } from '../../../adapters/aws/cloudwatch-client.ts';
import { createReporting, queueBacklog, sendReport } from '../../../adapters/govern/report.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createParking } from '../../../adapters/project/parking-table.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import { HEARTBEAT_ID } from '../../../core/entity.ts';
import { parseCacheReport, type ReportPorts } from '../../../core/govern/report.ts';
import type { ParkedEvent } from '../../../core/project/ports.ts';
import { deadLetter } from '../../../core/repair/dead-letter.ts';
import type { Queue } from '../../../local/fifo/queue.ts';
import { type FakeCloudWatch, startCloudWatch } from '../../support/cloud-watch.ts';
import { labMessage, shelf } from '../../support/lab.ts';
import { startMessaging, type TestMessaging } from '../../support/messaging.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

const MINUTE = 60_000;
const NOW = Date.parse('2026-11-25T12:10:00Z');

let tables: TestTables;
let messaging: TestMessaging;
let cloudWatch: FakeCloudWatch;
let queue: Queue;
let repairs: Queue;
let queueUrl: string;
let cacheTable: string;
let parkingTable: string;
let ports: ReportPorts;
/** The failures of CloudWatch that the ports reported. */
const unread: unknown[] = [];

beforeAll(async () => {
  [tables, messaging, cloudWatch] = await Promise.all([startTables(), startMessaging(), startCloudWatch()]);
});
afterAll(() => Promise.all([tables.stop(), messaging.stop(), cloudWatch.stop()]));
beforeEach(async ({ task }) => {
  unread.length = 0;
  cloudWatch.clear();
  cacheTable = await tables.create('Ordering');
  parkingTable = await tables.create('OrderingParking');
  queue = messaging.messaging.createQueue(`${task.id}.fifo`, { FifoQueue: 'true' });
  repairs = messaging.messaging.createQueue(`${task.id}-gaps`, {});
  queueUrl = `${messaging.url}/000000000000/${task.id}.fifo`;
  ports = createReporting({
    boundary: shelf,
    emitter: { name: shelf.name, stack: 'Lab' },
    reader: createReader({ boundary: shelf, tableName: cacheTable, client: tables.client }),
    cache: { client: tables.client, tableName: cacheTable },
    parking: { client: tables.client, parkingTable },
    queues: sqsClient({ endpoint: messaging.url }),
    queueUrl,
    projector: 'Projector',
    repairQueueUrls: [`${messaging.url}/000000000000/${task.id}-gaps`],
    metrics: cloudWatchClient({ endpoint: cloudWatch.url }),
    intervalMs: MINUTE,
    onUnread: (error) => void unread.push(error),
  });
});

test('the backlog counts visible and in-flight messages', async () => {
  expect(await ports.backlog()).toBe(0);
  for (const n of [1, 2, 3]) queue.send({ body: 'x', groupId: `g${n}`, deduplicationId: `d${n}` });
  queue.receive(1);
  expect(await queueBacklog(sqsClient({ endpoint: messaging.url }), queueUrl)).toBe(3);
});

test('the time when the queue was created is known in whole seconds', async () => {
  expect(await ports.queueCreatedAtMs()).toBe(Number(queue.attributes().CreatedTimestamp) * 1_000);
});

describe('the consumption', () => {
  const settled = (...values: [agoMinutes: number, count: number][]) =>
    cloudWatch.set(
      'Freshet/Settled/shelf in Lab/Sum',
      values.map(([ago, value]) => ({ atMs: NOW - ago * MINUTE, value })),
    );

  test('the consumption rate is the settled events a second of the last complete interval', async () => {
    settled([3, 60], [2, 120], [1, 600], [0.5, 6]);
    expect(await ports.consumption(NOW)).toEqual({ rate: 10, oldestAgeSeconds: 0, queuedSinceMs: undefined });
  });

  test('the consumption rate is 0 if no events were settled recently', async () => {
    expect(await ports.consumption(NOW)).toMatchObject({ rate: 0 });
    settled([3, 60]);
    expect(await ports.consumption(NOW)).toMatchObject({ rate: 0 });
    settled([2.5, 60]);
    expect(await ports.consumption(NOW)).toMatchObject({ rate: 1 });
  });

  test("the consumption has the age of the queue's oldest message, and its earliest possible send time", async () => {
    const name = queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
    cloudWatch.set(`AWS/SQS/ApproximateAgeOfOldestMessage/${name}/Maximum`, [
      { atMs: NOW - 2 * MINUTE, value: 5 },
      { atMs: NOW - MINUTE, value: 65 },
    ]);
    expect(await ports.consumption(NOW)).toMatchObject({
      oldestAgeSeconds: 65,
      queuedSinceMs: NOW - MINUTE - 66_000,
    });
  });
});

test('a queue counts as empty if one of several checks finds it empty', async () => {
  queue.send({ body: 'x', groupId: 'g', deduplicationId: 'd' });
  expect(await ports.isEmptyOnce()).toBe(false);
  const found = ports.isEmptyOnce();
  for (const { receiptHandle } of queue.receive(1)) queue.delete(receiptHandle);
  expect(await found).toBe(true);
});

test('a message that was returned often may be missing in the age of the oldest while it is hidden', async () => {
  expect(await ports.leavesOut(NOW)).toBe(false);
  // Half an hour of hiding, and two minutes by which the metric may be late.
  cloudWatch.set('Freshet/ReturnedOften/shelf in Lab/Sum', [{ atMs: NOW - 32 * MINUTE, value: 1 }]);
  expect(await ports.leavesOut(NOW)).toBe(true);
  expect(await ports.leavesOut(NOW + MINUTE)).toBe(false);
});

test.each([
  'Throttles',
  'Errors',
])('a message may be missing in the age of the oldest after %s in three minutes', async (metric) => {
  const happened = (...minutesAgo: number[]) =>
    cloudWatch.set(
      `AWS/Lambda/${metric}/Projector/Sum`,
      minutesAgo.map((ago) => ({ atMs: NOW - ago * MINUTE, value: 1 })),
    );
  happened(2, 4);
  expect(await ports.leavesOut(NOW)).toBe(false);
  happened(2, 4, 6);
  expect(await ports.leavesOut(NOW)).toBe(true);
  happened(2, 4, 11);
  expect(await ports.leavesOut(NOW)).toBe(false);
});

test('the messages that wait for the repair function are counted without the delayed ones', async () => {
  for (const delaySeconds of [0, 60]) repairs.send({ body: 'x', delaySeconds });
  expect(await ports.unrepaired()).toBe(1);
});

test('the heartbeats are the commit times of the newest heartbeats in the cache, by type', async () => {
  expect(await ports.heartbeats()).toEqual({ Thing: undefined, Other: undefined });
  await createCacheWriter({ client: tables.client, tableName: cacheTable }).write(
    {
      entity: { type: 'Other', id: HEARTBEAT_ID },
      version: 4,
      digest: 'd',
      changedAt: new Date(NOW).toISOString(),
      schemaVersion: 1,
      fieldsRevision: 1,
      dataJson: '{}',
      indexed: {},
      expiresAtSeconds: undefined,
    },
    { stored: { kind: 'newer' }, stopMarker: undefined },
  );
  expect(await ports.heartbeats()).toEqual({ Thing: undefined, Other: NOW });
});

describe('the parked events of a report', () => {
  const event = (id: string, sentAtMs: number): ParkedEvent => ({
    message: { ...labMessage({ type: 'Thing', id }, 1, {}), sentAtMs },
    status: 'parked',
    reason: 'malformed',
    explanation: '',
    entity: undefined,
    version: undefined,
    parkedAtMs: NOW,
  });
  const park = (one: ParkedEvent) => createParking({ client: tables.client, cacheTable, parkingTable }).park(one);
  const plant = (id: string, rest: Record<string, { N: string } | { S: string }>) =>
    tables.client.send(
      new PutItemCommand({ TableName: parkingTable, Item: { pk: { S: 'Thing/x' }, id: { S: id }, ...rest } }),
    );

  const since = (count: number, ...types: [type: string, sinceMs: number][]) => ({
    count,
    sinceMs: new Map(types),
    isMore: false,
  });

  test('an empty parking table has no parked events', async () => {
    expect(await ports.parked()).toEqual(since(0));
  });

  test('parked events are counted, with the send time of the oldest event of each type', async () => {
    await park(event('a', NOW - 5_000));
    await park(event('b', NOW - 90_000));
    await park({ ...event('c', NOW - 20_000), entity: { type: 'Other', id: 'c' } });
    expect(await ports.parked()).toEqual(since(3, ['Thing', NOW - 90_000], ['Other', NOW - 20_000]));
  });

  test('at most the first 10 MB of the parking table are read, and the report knows that there are more', async () => {
    const body = 'x'.repeat(256_000);
    const large = { ...event('large', NOW).message, body };
    const parkMany = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, n) =>
          park({ ...event('large', NOW), message: { ...large, sequenceNumber: `${from + n}` } }),
        ),
      );
    await parkMany(0, 30);
    expect(await ports.parked()).toMatchObject({ count: 30, isMore: false });
    await parkMany(30, 60);
    const { count, isMore } = await ports.parked();
    expect(isMore).toBe(true);
    expect(count * body.length).toBeLessThan(11 * 1024 * 1024);
  }, 20_000);

  test('a gap has an unknown time and is not counted, and records of attempts are ignored', async () => {
    await park(event('a', NOW - 5_000));
    await plant('gap', { since: { N: String(NOW - 300_000) }, wanted: { N: '3' } });
    await plant('alone#1', { tries: { N: '1' } });
    expect(await ports.parked()).toEqual(since(1, ['Thing', 0]));
  });

  test('a dead letter has an unknown time, because it was sent again to the dead-letter queue', async () => {
    await park(deadLetter(event('a', NOW).message, 'crashed', NOW));
    expect(await ports.parked()).toEqual(since(1, ['Thing', 0]));
  });

  test('a parked event with invalid times has an unknown time', async () => {
    await plant('event#1', { setAsideAt: { S: 'yesterday' }, sentAt: { S: 'before' } });
    expect(await ports.parked()).toEqual(since(1, ['Thing', 0]));
  });
});

test("a report arrives unchanged in its owner's queue", async () => {
  const name = 'owner-reports';
  const reports = messaging.messaging.createQueue(name, {});
  const report = {
    cache: 'shelf',
    atMs: NOW,
    backlog: 1,
    productionRate: 2.5,
    consumptionRate: 0,
    oldestAgeSeconds: 3,
    drainSeconds: null,
    share: 0.5,
  };
  await sendReport(sqsClient({ endpoint: messaging.url }), `${messaging.url}/000000000000/${name}`, report);
  expect(reports.receive(10).map(({ body }) => parseCacheReport(body))).toEqual([report]);
});

test('if CloudWatch refuses, neither the consumption nor the age of the oldest message is known', async () => {
  cloudWatch.failure = 403;
  expect(await ports.consumption(NOW)).toBeUndefined();
  expect(await ports.leavesOut(NOW)).toBeUndefined();
  expect(unread).toHaveLength(2);
  expect(await ports.backlog()).toBe(0);
});
