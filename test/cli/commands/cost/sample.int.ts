import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { synthesiseCostApp } from '../../../../cli/commands/cost/app.ts';
import { type Counted, callsPerEvent, linesOf, perMillion } from '../../../../cli/commands/cost/estimate.ts';
import { fixedIn } from '../../../../cli/commands/cost/fixed.ts';
import { rolesIn } from '../../../../cli/commands/cost/roles.ts';
import { type EventSample, inCloud, sampleEvents } from '../../../../cli/commands/cost/sample.ts';
import { sampleSelfRepair } from '../../../../cli/commands/cost/self-repair.ts';
import type { BilledUnit } from '../../../../local/ledger/ledger.ts';

const CACHES = 2;
const BYTES = 1_000;
const SIZE = { changes: 30, single: 3 };

describe('sampleSelfRepair', { timeout: 120_000 }, () => {
  test('a backfill writes each entity once, and an inventory only reads both tables once and sends the digests', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'freshet-cost-test-'));
    try {
      synthesiseCostApp(CACHES, folder);
      const { signal } = new AbortController();
      const entities = 300;
      const { backfill, inventory, roleOf } = await inCloud(folder, signal, async (cloud, ledger) => ({
        ...(await sampleSelfRepair(cloud, ledger, { caches: CACHES, bytes: BYTES, entities, signal })),
        roleOf: rolesIn(cloud),
      }));
      const units = (counted: Counted, unit: BilledUnit, operation: string, by?: string) =>
        linesOf(counted, roleOf)
          .filter((line) => line.unit === unit && line.operation === operation && (by === undefined || line.by === by))
          .reduce((sum, { billedPerEvent }) => sum + billedPerEvent * entities, 0);
      // The states, and a heartbeat that shows that all have arrived.
      expect(units(backfill, 'writeUnits', 'PutItem', 'projector')).toBeGreaterThanOrEqual(2 * entities);
      expect(units(backfill, 'writeUnits', 'PutItem', 'projector')).toBeLessThan(2 * entities + 10);
      expect(units(backfill, 'deliveredMessages', 'delivery')).toBeLessThan(entities + 10);
      expect(units(inventory, 'writeUnits', 'PutItem', 'projector')).toBe(0);
      // A read unit is 4 KB, or 8 KB if the read is eventually consistent. The cache's read is consistent.
      const kilobytes = (entities * (BYTES + 150)) / 1024;
      expect(units(inventory, 'readUnits', 'Query')).toBeGreaterThan(0.9 * (kilobytes / 4 + kilobytes / 8));
      expect(units(inventory, 'readUnits', 'Query')).toBeLessThan(1.3 * (kilobytes / 4 + kilobytes / 8));
      expect(units(inventory, 'publishedBytes', 'PublishBatch') / entities).toBeLessThan(100);
      expect(perMillion(linesOf(inventory, roleOf))).toBeLessThan(perMillion(linesOf(backfill, roleOf)) / 4);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('sampleEvents', () => {
  let folder: string;
  let sample: EventSample;
  let roleOf: ReturnType<typeof rolesIn>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'freshet-cost-test-'));
    synthesiseCostApp(CACHES, folder);
    const { signal } = new AbortController();
    sample = await inCloud(folder, signal, async (cloud, ledger) => {
      roleOf = rolesIn(cloud);
      return sampleEvents(cloud, ledger, {
        ...SIZE,
        bytes: BYTES,
        onProgress: () => {},
        signal,
      });
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The amount of a unit per event, of one operation and role. */
  const billed = (counted: Counted, unit: BilledUnit, operation: string, by: string) =>
    linesOf(counted, roleOf)
      .filter((line) => line.unit === unit && line.operation === operation && line.by === by)
      .reduce((sum, { billedPerEvent }) => sum + billedPerEvent, 0);

  test('changes one at a time take each step once at the owner and once at each cache', () => {
    const { single } = sample;
    // An item is larger than 1 KB and smaller than 2 KB.
    expect(billed(single, 'writeUnits', 'UpdateItem', 'writer')).toBe(2);
    expect(billed(single, 'writeUnits', 'PutItem', 'projector')).toBe(2 * CACHES);
    expect(billed(single, 'publishRequests', 'PublishBatch', 'relay')).toBe(1);
    expect(billed(single, 'deliveredMessages', 'delivery', 'topic')).toBe(CACHES);
    for (const [operation, by] of [
      ['SendMessage', 'topic'],
      ['ReceiveMessage', 'projector'],
      ['DeleteMessageBatch', 'projector'],
    ] as const) {
      expect(billed(single, 'fifoChunks', operation, by)).toBe(CACHES);
    }
    expect(billed(single, 'invocations', 'Invoke', 'projector')).toBe(CACHES);
    expect(billed(single, 'invocations', 'Invoke', 'relay')).toBe(1);
    expect(billed(single, 'gbSeconds', 'Invoke', 'relay')).toBeGreaterThan(0);
    const bytes = billed(single, 'publishedBytes', 'PublishBatch', 'relay');
    expect(bytes).toBeGreaterThan(BYTES);
    expect(bytes).toBeLessThan(BYTES + 600);
    expect(billed(single, 'deliveredBytes', 'delivery', 'topic')).toBe(bytes * CACHES);
  });

  test('changes together write and deliver the same with far fewer requests', () => {
    const { single, batched } = sample;
    expect(billed(batched, 'writeUnits', 'PutItem', 'projector')).toBe(2 * CACHES);
    expect(billed(batched, 'deliveredMessages', 'delivery', 'topic')).toBe(CACHES);
    const receives = billed(batched, 'fifoChunks', 'ReceiveMessage', 'projector');
    expect(receives).toBeGreaterThanOrEqual(CACHES / 10);
    expect(receives).toBeLessThan(CACHES / 4);
    expect(billed(batched, 'publishRequests', 'PublishBatch', 'relay')).toBeLessThan(0.25);
    expect(callsPerEvent(batched)).toBeLessThan(callsPerEvent(single) * 0.7);
  });

  test('several changes of an entity while the owner is paced are published and applied as one', () => {
    const { conflated } = sample;
    expect(billed(conflated, 'writeUnits', 'UpdateItem', 'writer')).toBe(2);
    const delivered = billed(conflated, 'deliveredMessages', 'delivery', 'topic');
    expect(delivered).toBeGreaterThanOrEqual(CACHES / 5);
    expect(delivered).toBeLessThan(CACHES / 2);
    const dollars = [sample.single, sample.batched, conflated].map((counted) => perMillion(linesOf(counted, roleOf)));
    expect(dollars).toEqual(dollars.toSorted((a, b) => b - a));
  });

  test('the templates tell what is billed by the month', () => {
    const { monthly, polled } = fixedIn(folder);
    // Standard: the owner's resync, failure and report queues, and each cache's queues of gaps and of pages. FIFO: each
    // cache's queue and two dead-letter queues.
    expect(polled).toEqual({ standard: 3 + 2 * CACHES, fifo: 3 * CACHES });
    expect(monthly).toMatchObject({ dashboards: 1, keys: 1, compositeAlarms: CACHES, insightRules: CACHES });
    expect(monthly.alarmMetrics).toBeGreaterThan(10 * CACHES);
  });
});
