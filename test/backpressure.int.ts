import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { dynamoDbClient } from '../adapters/aws/clients.ts';
import { createFlow } from '../adapters/govern/flow.ts';
import { readDecision } from '../adapters/govern/flow-table.ts';
import type { Owner } from '../adapters/own/owner.ts';
import { createOwner } from '../adapters/own/owner-table.ts';
import { createReader } from '../adapters/read/cache-table.ts';
import type { Deployment } from '../cli/deployment/deployment.ts';
import { openLocalCloud } from '../cli/deployment/local-cloud.ts';
import { localFileOf } from '../cli/deployment/local-file.ts';
import { ownerTable } from '../cli/deployment/names.ts';
import { HEARTBEAT_ID } from '../core/entity.ts';
import { BackpressureError } from '../core/govern/admit.ts';
import { dimensionsOf, METRIC_NAMESPACE, REPORT_METRICS } from '../core/metrics.ts';
import type { GetOptions } from '../core/read/read.ts';
import { currencies } from '../examples/shop/geography/releases.ts';
import { type LocalCloud, startLocalCloud } from '../local/cloud.ts';
import { assemblyOf, SHOP } from './support/assembly.ts';
import { copyAssembly, reportOften } from './support/copy-assembly.ts';
import { setTestCredentials } from './support/credentials.ts';

const HIGH_WATER = 20;

let folder: string;
let cloud: LocalCloud;
let deployment: Deployment;
let client: ReturnType<typeof dynamoDbClient>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-backpressure-'));
  const assembly = copyAssembly(await assemblyOf(SHOP), join(folder, 'assembly'), ({ properties }) => {
    const { Variables } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
    if (Variables?.MAY_SLOW_OWNER !== undefined) {
      Variables.MAY_SLOW_OWNER = JSON.stringify({ ordering: { highWater: HIGH_WATER } });
    }
    reportOften({ properties });
  });
  cloud = await startLocalCloud({ assembly });
  setTestCredentials();
  deployment = openLocalCloud({ file: localFileOf(cloud), projectFolder: process.cwd() });
  client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
});

afterAll(async () => {
  client?.destroy();
  deployment?.close();
  await cloud?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('backpressure in a deployment of the synthesised templates and bundles', () => {
  test('an owner refuses writes while a cache does not consume, and accepts them after it has caught up', async () => {
    const found = await deployment.ownerOf('Currency');
    const { deployed, boundary } = found;
    const ordering = await deployment.cacheNamed('ordering');
    const tableName = deployed.flowTable;
    const state = async () => (await readDecision({ client, tableName }))?.state;
    /** A writer that has not read any decision. */
    const writer = (): Owner =>
      createOwner({ boundary, tableName: ownerTable(found), client, flow: createFlow({ client, tableName }) });
    const rows = currencies('2.1.0').slice(0, HIGH_WATER + 5);
    const free = writer();

    cloud.functions.setReservedConcurrency(ordering.deployed.projector, 0);
    for (const { id, state: value } of rows) await free.put('Currency', id, value);
    await cloud.idle();
    await cloud.tick();
    await vi.waitFor(async () => expect(await state()).toBe('refusing'), { timeout: 10_000, interval: 20 });
    const refused = await writer()
      .put('Currency', 'XTS', rows[0]?.state, { maxWaitMs: 0 })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BackpressureError);
    expect(refused).toMatchObject({ code: 'Backpressure', cache: 'ordering' });
    expect((refused as BackpressureError).backlog).toBeGreaterThanOrEqual(HIGH_WATER);
    expect(await writer().get('Currency', 'XTS')).toBeUndefined();

    cloud.functions.setReservedConcurrency(ordering.deployed.projector, undefined);
    await cloud.idle();
    await cloud.tick();
    await vi.waitFor(async () => expect(['paced', 'normal']).toContain(await state()), {
      timeout: 10_000,
      interval: 20,
    });
    expect(await writer().put('Currency', 'XTS', rows[0]?.state)).toMatchObject({ outcome: 'created', version: 1 });
  });

  test('the heartbeats of an idle pipeline keep the staleness of its caches low', async () => {
    await cloud.tick();
    await cloud.idle();
    await cloud.tick();
    for (const [cache, stack] of [
      ['ordering', 'Ordering'],
      ['warehouse', 'Warehouse'],
    ] as const) {
      const beat = await (await deployment.cacheNamed(cache)).reader.get('Country', HEARTBEAT_ID);
      expect(beat).toMatchObject({ status: 'found' });
      const dimensions = dimensionsOf({ name: cache, stack });
      const stale = cloud.metrics.query({ namespace: METRIC_NAMESPACE, metric: REPORT_METRICS.staleness, dimensions });
      expect(stale?.min).toBeLessThan(60);
    }
    expect(await (await deployment.ownerOf('Country')).owner.count('Country')).toBe(0);
  });

  test('the staleness of a read is longer than an outage of the relay, and low again after the outage', async () => {
    const { deployed, boundary } = await deployment.cacheNamed('ordering');
    /** Reads with a new reader, which has not read any staleness. */
    const read = (options: GetOptions = {}) =>
      createReader({ boundary, tableName: deployed.table, client }).get('Country', 'FR', options);
    /** Lets heartbeats pass and then runs the report. */
    const minute = async () => {
      await cloud.tick();
      await cloud.idle();
      await cloud.functions.invoke(deployed.report, {});
    };
    await minute();
    const stoppedAtMs = Date.now();
    cloud.functions.setReservedConcurrency((await deployment.ownerOf('Country')).deployed.relay, 0);
    for (let passed = 0; passed < 2; passed += 1) await cloud.tick();
    const outageMs = Date.now() - stoppedAtMs;
    expect((await read()).stalenessMs).toBeGreaterThan(outageMs);
    await expect(read({ maxStalenessMs: outageMs })).rejects.toMatchObject({ code: 'TooStale' });

    cloud.functions.setReservedConcurrency((await deployment.ownerOf('Country')).deployed.relay, undefined);
    const runsFromMs = Date.now();
    await minute();
    const { stalenessMs } = await read({ maxStalenessMs: 5_000 });
    expect(stalenessMs).toBeLessThanOrEqual(Date.now() - runsFromMs);
  });
});
