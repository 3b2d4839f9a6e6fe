import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { COMPRESSED_TEXT } from '../../adapters/aws/items.ts';
import { createFlow } from '../../adapters/govern/flow.ts';
import { createFlowStore } from '../../adapters/govern/flow-table.ts';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createCacheWriter } from '../../adapters/project/cache-writer.ts';
import { HEARTBEAT_ID } from '../../core/entity.ts';
import { parseEvent } from '../../core/event.ts';
import { BackpressureError } from '../../core/govern/admit.ts';
import type { FlowDecision } from '../../core/govern/decide.ts';
import { heartbeatRequest, isHeartbeatRequest } from '../../core/govern/first-heartbeats.ts';
import { type CacheReport, parseCacheReport } from '../../core/govern/report.ts';
import { dimensionsOf, GOVERNOR_METRICS, METRIC_NAMESPACE, REPORT_METRICS } from '../../core/metrics.ts';
import { canonicalState } from '../../core/state.ts';
import geography from '../../examples/shop/geography/contracts.ts';
import ordering from '../../examples/shop/ordering/contracts.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import { createFunctionHost, type FunctionHost } from '../../local/lambda/host.ts';
import { bundleOf } from '../support/bundles.ts';
import { type FakeCloudWatch, startCloudWatch } from '../support/cloud-watch.ts';
import { otherForm, records } from '../support/compressible.ts';
import { startMessaging, type TestMessaging, topicWithQueue } from '../support/messaging.ts';
import { startTables, type TestTables } from '../support/tables.ts';

let tables: TestTables;
let messaging: TestMessaging;
let cloudWatch: FakeCloudWatch;
let host: FunctionHost;
let logged: string[] = [];
let functions = 0;

beforeAll(async () => {
  [tables, messaging, cloudWatch] = await Promise.all([startTables(), startMessaging(), startCloudWatch()]);
  host = createFunctionHost({
    endpoints: { dynamodb: tables.url, sqs: messaging.url, sns: messaging.url },
    region: 'us-east-1',
    accountId: '000000000000',
    onLog: (_, line) => logged.push(line),
  });
});
afterAll(async () => {
  await host.stop();
  await Promise.all([tables.stop(), messaging.stop(), cloudWatch.stop()]);
});
beforeEach(() => {
  logged = [];
  cloudWatch.clear();
});

/** Deploys a bundle of a stack with its own environment. Returns a function that invokes it. */
function deploy(codeDir: string, stack: string, environment: Record<string, string>) {
  functions += 1;
  const name = `function-${functions}`;
  host.deploy({
    name,
    codeDir,
    handler: 'index.handler',
    timeoutMs: 20_000,
    memoryMb: 256,
    environment: { ...environment, STACK_NAME: stack, AWS_ENDPOINT_URL_CLOUDWATCH: cloudWatch.url },
  });
  return (event: object) => host.invoke(name, event);
}

const metricLine = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ]),
  }),
});

/** The metrics of the only line in the embedded metric format, by name. Checks namespace and dimension. */
function emitted(name: string, stack: string): Record<string, unknown> {
  const lines = logged.flatMap((line) =>
    line.includes('"CloudWatchMetrics"') ? [metricLine.parse(JSON.parse(line))] : [],
  );
  expect(lines).toHaveLength(1);
  const [line] = lines;
  const [{ Namespace, Dimensions, Metrics }] = line?._aws.CloudWatchMetrics ?? [
    { Namespace: '', Dimensions: [], Metrics: [] },
  ];
  const dimensions = dimensionsOf({ name, stack });
  expect([Namespace, Dimensions]).toEqual([METRIC_NAMESPACE, [Object.keys(dimensions)]]);
  expect(line).toMatchObject(dimensions);
  return Object.fromEntries(Metrics.map(({ Name }) => [Name, line?.[Name]]));
}

describe("the governor's deployed bundle", () => {
  const SCHEDULED = { source: 'aws.events', 'detail-type': 'Scheduled Event' };
  const ENTITY = { type: 'Country', id: 'CH' };

  const report = (given: Partial<CacheReport> = {}): CacheReport => ({
    cache: 'ordering',
    atMs: Date.now(),
    backlog: 0,
    productionRate: 20,
    consumptionRate: 10,
    oldestAgeSeconds: 0,
    drainSeconds: null,
    share: 1,
    ...given,
  });
  const reported = (...bodies: (string | CacheReport)[]) => ({
    Records: bodies.map((body, index) => ({
      messageId: `m${index}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })),
  });

  async function governor(ownerTable?: string, environment: Record<string, string> = {}) {
    const [FLOW_TABLE, OWNER_TABLE] = [
      await tables.create('Geography'),
      ownerTable ?? (await tables.create('Geography')),
    ];
    const invoke = deploy(await bundleOf('Geography', 'Governor'), 'Geography', {
      FLOW_TABLE,
      OWNER_TABLE,
      INTERVAL_SECONDS: '60',
      REPORT_LIFE_SECONDS: '180',
      DECISION_LIFE_SECONDS: '180',
      COMPRESS_EVENTS: 'true',
      MAY_SLOW_OWNER: JSON.stringify({ ordering: { highWater: 1_000 } }),
      ...environment,
    });
    const table = { client: tables.client, tableName: FLOW_TABLE };
    return {
      invoke,
      FLOW_TABLE,
      owner: createOwner({ boundary: geography, tableName: OWNER_TABLE, client: tables.client }),
      decision: createFlowStore(table).decision,
      write: () => createFlow(table).enter(ENTITY, { maxWaitMs: 0 }),
    };
  }
  const TAKEN = { ok: true, payload: { batchItemFailures: [] } };

  test("the governor refuses writers above a cache's high water, and emits the flow state", async () => {
    const { invoke, write, decision } = await governor();
    await write();
    expect(await invoke(reported(report({ backlog: 1_000 })))).toEqual(TAKEN);
    await expect(write()).rejects.toThrow(BackpressureError);
    expect(await decision()).toMatchObject({ state: 'refusing', cause: { cache: 'ordering', backlog: 1_000 } });
    const { flowState, reportsMissing, streamBacklog, streamUse } = GOVERNOR_METRICS;
    expect(emitted('geography', 'Geography')).toEqual({
      [flowState]: 2,
      [reportsMissing]: 0,
      [streamBacklog]: 0,
      [streamUse]: 0,
    });
  });

  test('the governor paces writers below the high water, and emits the pace', async () => {
    const { invoke } = await governor();
    await invoke(reported(report({ backlog: 600 })));
    const { flowState, pace } = GOVERNOR_METRICS;
    expect(emitted('geography', 'Geography')).toMatchObject({ [flowState]: 1, [pace]: expect.any(Number) });
    expect(Object.keys(emitted('geography', 'Geography')).sort()).toEqual(Object.values(GOVERNOR_METRICS).sort());
  });

  test("the governor counts the backlog of the owner's stream by the relay's metrics", async () => {
    const { invoke, write } = await governor();
    const minuteMs = Math.floor(Date.now() / 60_000) * 60_000;
    cloudWatch.set('Freshet/RelayDelay/geography in Geography/Maximum', [{ atMs: minuteMs, value: 100_000 }]);
    cloudWatch.set('Freshet/Published/geography in Geography/Sum', [{ atMs: minuteMs - 60_000, value: 600 }]);
    await invoke(reported(report({ backlog: 1 })));
    await expect(write()).rejects.toThrow(/lags by 1001 events/);
    expect(emitted('geography', 'Geography')).toMatchObject({ [GOVERNOR_METRICS.streamBacklog]: 1_000 });
  });

  test('the governor decides by the reports alone when metrics cannot be read', async () => {
    const { invoke, write } = await governor();
    cloudWatch.failure = 500;
    expect(await invoke(reported(report({ backlog: 1_000 })))).toEqual(TAKEN);
    await expect(write()).rejects.toThrow(BackpressureError);
    expect(logged.filter((line) => line.includes('stream not measured'))).toHaveLength(1);
  });

  test('the governor lets events be compressed once every cache has reported that it reads them', async () => {
    const { invoke, decision, FLOW_TABLE } = await governor();
    const store = createFlowStore({ client: tables.client, tableName: FLOW_TABLE });
    const hour = 3_600_000;
    await invoke(reported(report()));
    const first = (await decision()) as FlowDecision;
    expect(first).toMatchObject({ readsCompressed: false, listeningSinceMs: first.decidedAtMs });
    await store.saveDecision({ ...first, listeningSinceMs: Date.now() - hour, decidedAtMs: Date.now() });
    await invoke(reported(report({ readsCompressed: true })));
    expect(await decision()).toMatchObject({ readsCompressed: true });
    // This cache may not slow the owner, and receives the same events.
    await invoke(reported(report({ cache: 'stranger' })));
    await invoke(reported(report({ readsCompressed: true })));
    expect(await decision()).toMatchObject({ readsCompressed: false });
    await invoke(reported(report({ cache: 'stranger', readsCompressed: true })));
    await invoke(SCHEDULED);
    expect(await decision()).toMatchObject({ readsCompressed: true });
  });

  test('the governor of an owner that does not compress events never lets events be compressed', async () => {
    const { invoke, decision, FLOW_TABLE } = await governor(undefined, { COMPRESS_EVENTS: 'false' });
    await invoke(reported(report({ readsCompressed: true })));
    const first = (await decision()) as FlowDecision;
    const store = createFlowStore({ client: tables.client, tableName: FLOW_TABLE });
    await store.saveDecision({ ...first, listeningSinceMs: 0, decidedAtMs: Date.now() });
    await invoke(reported(report({ readsCompressed: true })));
    expect(await decision()).toMatchObject({ listeningSinceMs: 0, readsCompressed: false });
  });

  test('the governor commits a heartbeat of every type on its schedule, and decides', async () => {
    const { invoke, owner, decision } = await governor();
    await invoke(SCHEDULED);
    await invoke(SCHEDULED);
    for (const type of ['Country', 'Currency'] as const) {
      expect(await owner.get(type, HEARTBEAT_ID)).toMatchObject({ version: 2 });
    }
    expect(await decision()).toMatchObject({ state: 'normal', missing: ['ordering'] });
    expect(logged.filter((line) => line.includes('reports missing'))).toHaveLength(2);
  });

  test('the governor commits a heartbeat of every type when a cache asks for it, and decides nothing', async () => {
    const { invoke, owner, decision } = await governor();
    expect(await invoke(reported(heartbeatRequest('warehouse')))).toEqual(TAKEN);
    for (const type of ['Country', 'Currency'] as const) {
      expect(await owner.get(type, HEARTBEAT_ID)).toMatchObject({ version: 1 });
    }
    expect(await decision()).toBeUndefined();
    expect(logged.filter((line) => line.includes('ignored'))).toEqual([]);
  });

  test('the governor decides although heartbeats cannot be committed, and then fails', async () => {
    const { invoke, decision } = await governor('no-such-table');
    expect(await invoke(SCHEDULED)).toMatchObject({ ok: false, message: expect.stringContaining('ResourceNotFound') });
    expect(await decision()).toMatchObject({ state: 'normal' });
  });

  test('the governor publishes the heartbeats of an owner without a table directly to its topic', async () => {
    const { topic, queue } = topicWithQueue(messaging, 'Heartbeats');
    const invoke = deploy(await bundleOf('Geography', 'Governor'), 'Geography', {
      FLOW_TABLE: await tables.create('Geography'),
      TOPIC_ARN: topic.arn,
      MAY_SLOW_OWNER: '{}',
      INTERVAL_SECONDS: '60',
      REPORT_LIFE_SECONDS: '180',
      DECISION_LIFE_SECONDS: '180',
      COMPRESS_EVENTS: 'true',
    });
    expect(await invoke(SCHEDULED)).toEqual(TAKEN);
    // The subscription's filter lets through Country, one of the two types.
    const events = queue.receive(10).map(({ body }) => parseEvent(body));
    expect(events).toMatchObject([
      { kind: 'state', entity: { type: 'Country', id: HEARTBEAT_ID }, owner: 'geography' },
    ]);
  });

  test('the governor commits no heartbeat for a report', async () => {
    const { invoke, owner } = await governor();
    await invoke(reported(report()));
    expect(await owner.get('Country', HEARTBEAT_ID)).toBeUndefined();
  });

  test('the governor ignores a message that is no report, logs it, and uses the others', async () => {
    const { invoke, decision } = await governor();
    const bodies = ['', '{', '[]', JSON.stringify({ ...report(), backlog: -1 }), report({ backlog: 1_000 })];
    expect(await invoke(reported(...bodies))).toEqual(TAKEN);
    expect(await decision()).toMatchObject({ state: 'refusing' });
    const ignored = logged.filter((line) => line.includes('not a report of a cache'));
    expect(ignored.map((line) => JSON.parse(line).messageId)).toEqual(['m0', 'm1', 'm2', 'm3']);
  });

  test('the governor ignores a cache that may not slow the owner', async () => {
    const { invoke, write, decision } = await governor();
    await invoke(reported(report(), report({ cache: 'warehouse', backlog: 1_000_000 })));
    await write();
    expect(await decision()).toMatchObject({ state: 'normal', levels: { ordering: 'normal' } });
  });

  test('the governor makes no decision and reads no metrics for reports that do not count', async () => {
    const { invoke, decision } = await governor();
    cloudWatch.failure = 500;
    expect(await invoke(reported(report({ cache: 'warehouse', backlog: 1_000_000 }), 'no report'))).toEqual(TAKEN);
    expect(await decision()).toBeUndefined();
    expect(logged.filter((line) => /CloudWatchMetrics|stream not measured/.test(line))).toEqual([]);
  });

  test('the governor uses a report after one whose clock was an hour ahead', async () => {
    const { invoke, write } = await governor();
    await invoke(reported(report({ atMs: Date.now() + 3_600_000 })));
    await write();
    await invoke(reported(report({ backlog: 1_000 })));
    await expect(write()).rejects.toThrow(BackpressureError);
  });
});

describe("the relay's deployed bundle", () => {
  /** The stream's records of two versions of a country. */
  const RECORDS = [1, 2].map((version) => {
    const { json = '', digest } = canonicalState({ type: 'Country', id: 'CH' }, { version });
    return {
      eventName: version === 1 ? 'INSERT' : 'MODIFY',
      dynamodb: {
        SequenceNumber: String(version),
        NewImage: {
          pk: { S: 'Country#0' },
          id: { S: 'CH' },
          version: { N: String(version) },
          schemaVersion: { N: '1' },
          digest: { S: digest },
          state: { S: json },
          changedAt: { S: '2026-11-25T12:00:00.000Z' },
        },
      },
    };
  });

  test.each<[string, string, Partial<FlowDecision> | undefined, number[]]>([
    ['one by one while flow is normal', 'normal', undefined, [1, 2]],
    ['as one while writes are paced', 'paced', { state: 'paced', pacePerSecond: 1 }, [2]],
    ['as one while writes are refused', 'refusing', { state: 'refusing' }, [2]],
  ])('the relay publishes several versions of an entity %s', async (_, name, given, versions) => {
    const { messaging: local } = messaging;
    const FLOW_TABLE = await tables.create('Geography');
    const nowMs = Date.now();
    await createFlowStore({ client: tables.client, tableName: FLOW_TABLE }).saveDecision({
      state: 'normal',
      levels: {},
      missing: [],
      retryAfterSeconds: 1,
      decidedAtMs: nowMs,
      validUntilMs: nowMs + 180_000,
      ...given,
    });
    const { relay, received } = await relaying(local, name, FLOW_TABLE);
    expect(await relay({ Records: RECORDS })).toEqual({ ok: true, payload: { batchItemFailures: [] } });
    expect(received()).toEqual(versions);
  });

  test.each([
    ['as it is stored', true, 'application/gzip'],
    ['as JSON', false, 'application/json'],
  ])('the relay publishes a compressed state %s when it is %s that all caches read it', async (_, reads, type) => {
    const FLOW_TABLE = await tables.create('Geography');
    const nowMs = Date.now();
    await createFlowStore({ client: tables.client, tableName: FLOW_TABLE }).saveDecision({
      ...{ state: 'normal', levels: {}, missing: [], retryAfterSeconds: 1, readsCompressed: reads },
      ...{ decidedAtMs: nowMs, validUntilMs: nowMs + 180_000 },
    });
    const { relay, bodies } = await relaying(messaging.messaging, `compressed-${reads}`, FLOW_TABLE);
    const { json = '', digest } = canonicalState({ type: 'Country', id: 'CH' }, { list: records(200) });
    // Lambda passes binary values as base64.
    const B = Buffer.from(otherForm(json)).toString('base64');
    const [record] = RECORDS;
    const NewImage = {
      ...record?.dynamodb.NewImage,
      ...{ digest: { S: digest }, state: { S: COMPRESSED_TEXT }, compressed: { B } },
    };
    expect(await relay({ Records: [{ ...record, dynamodb: { ...record?.dynamodb, NewImage } }] })).toMatchObject({
      payload: { batchItemFailures: [] },
    });
    const [event] = bodies().map((body) => JSON.parse(body));
    expect(event).toMatchObject({ datacontenttype: type, digest });
    expect(reads ? event.data_base64 : event.data).toEqual(reads ? B : { list: records(200) });
  });

  test('the relay publishes several versions of an entity as one when their commits are older than declared', async () => {
    const { relay, received } = await relaying(messaging.messaging, 'late', 'no-such-table', '10');
    expect(await relay({ Records: RECORDS })).toEqual({ ok: true, payload: { batchItemFailures: [] } });
    expect(received()).toEqual([2]);
  });

  test('the relay publishes versions one by one when the flow state cannot be read', async () => {
    const { relay, received } = await relaying(messaging.messaging, 'unknown', 'no-such-table');
    expect(await relay({ Records: RECORDS })).toEqual({ ok: true, payload: { batchItemFailures: [] } });
    expect(received()).toEqual([1, 2]);
  });

  /** Deploys the bundle with its own topic. `received` returns the versions that were published there. */
  async function relaying(
    local: TestMessaging['messaging'],
    name: string,
    FLOW_TABLE: string,
    conflateAfterSeconds = '3153600000',
  ) {
    const topic = local.createTopic(`relay-${name}.fifo`, { FifoTopic: 'true' });
    const queue = local.createQueue(`relay-${name}.fifo`, { FifoQueue: 'true' });
    local.subscribe(topic.arn, 'sqs', queue.arn, { RawMessageDelivery: 'true' });
    const relay = deploy(await bundleOf('Geography', 'OwnerRelay'), 'Geography', {
      TOPIC_ARN: topic.arn,
      FLOW_TABLE,
      FAILURE_QUEUE_URL: `${messaging.url}/000000000000/failures`,
      CONFLATE_AFTER_SECONDS: conflateAfterSeconds,
    });
    const bodies = () => {
      const all: string[] = [];
      for (let got = queue.receive(10); got.length > 0; got = queue.receive(10)) {
        all.push(...got.map(({ body }) => body));
        for (const { receiptHandle } of got) queue.delete(receiptHandle);
      }
      return all;
    };
    const received = () => bodies().map((body) => Number(JSON.parse(body).entityversion));
    return { relay, received, bodies };
  }
});

describe("the report's deployed bundle", () => {
  let reports: Queue;
  let invoke: ReturnType<typeof deploy>;
  let cacheTable: string;

  /** Stores a heartbeat of each type that the cache keeps. */
  async function beginWithHeartbeats(): Promise<void> {
    const { write } = createCacheWriter({ client: tables.client, tableName: cacheTable });
    for (const type of Object.keys(ordering.caches)) {
      await write(
        {
          entity: { type, id: HEARTBEAT_ID },
          version: 1,
          digest: 'd',
          changedAt: new Date().toISOString(),
          schemaVersion: 1,
          fieldsRevision: 1,
          dataJson: '{}',
          indexed: {},
          expiresAtSeconds: undefined,
        },
        { stored: { kind: 'newer' }, stopMarker: undefined },
      );
    }
  }

  beforeEach(async ({ task }) => {
    cacheTable = await tables.create('Ordering');
    const queueOf = (name: string) => `${messaging.url}/000000000000/${name}`;
    const cache = messaging.messaging.createQueue(`${task.id}.fifo`, { FifoQueue: 'true' });
    reports = messaging.messaging.createQueue(task.id, {});
    messaging.messaging.createQueue(`${task.id}-pages`, {});
    for (const n of [1, 2, 3]) cache.send({ body: 'x', groupId: `g${n}`, deduplicationId: `d${n}` });
    invoke = deploy(await bundleOf('Ordering', 'Report'), 'Ordering', {
      CACHE_TABLE: cacheTable,
      PARKING_TABLE: await tables.create('OrderingParking'),
      QUEUE_URL: queueOf(`${task.id}.fifo`),
      PROJECTOR: 'Ordering-Projector',
      REPAIR_QUEUE_URLS: JSON.stringify([queueOf(task.id)]),
      PAGE_QUEUE_URL: queueOf(`${task.id}-pages`),
      CHECK_EVERY_SECONDS: '86400',
      // The first report measures twice, with a twelfth of the interval in between.
      INTERVAL_SECONDS: '3',
      REPORT_QUEUES: JSON.stringify({ nowhere: queueOf('no-such-queue'), geography: queueOf(task.id) }),
    });
  });

  test("the report is sent to each owner, also when one owner can't be reached", async () => {
    await beginWithHeartbeats();
    expect(await invoke({})).toMatchObject({ ok: true });
    expect(reports.receive(10).map(({ body }) => parseCacheReport(body))).toMatchObject([
      { cache: 'ordering', backlog: 3, share: 0.5, consumptionRate: 0, drainSeconds: null },
    ]);
    const untold = logged.filter((line) => line.includes('owner not told'));
    expect(untold.map((line) => JSON.parse(line).owner)).toEqual(['nowhere']);
  });

  test('the first report of a new cache asks its owners for heartbeats before it reports', async () => {
    expect(await invoke({})).toMatchObject({ ok: true });
    const [request, first] = reports.receive(10).map(({ body }) => body);
    expect([isHeartbeatRequest(request ?? ''), parseCacheReport(first ?? '')?.cache]).toEqual([true, 'ordering']);
  });

  test('the report measures production from one report to the next', async () => {
    await beginWithHeartbeats();
    await invoke({});
    cloudWatch.set('Freshet/Settled/ordering in Ordering/Sum', [{ atMs: Date.now() - 3_000, value: 120 }]);
    await invoke({});
    const [, last] = reports.receive(10).map(({ body }) => parseCacheReport(body));
    const rate = expect.closeTo(40);
    expect(last).toMatchObject({ backlog: 3, productionRate: rate, consumptionRate: rate });
  });

  test('the report emits its values as the metrics that the alarms watch', async () => {
    await invoke({});
    const { backlog, productionRate, consumptionRate, oldestAge, parked } = REPORT_METRICS;
    expect(emitted('ordering', 'Ordering')).toEqual({
      [backlog]: 3,
      [productionRate]: 0,
      [consumptionRate]: 0,
      [oldestAge]: 0,
      [parked]: 0,
    });
  });
});
