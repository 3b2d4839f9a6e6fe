import type { SQSRecord } from 'aws-lambda';
import { beforeEach, expect, test } from 'vitest';
import { createPageHandler } from '../../../adapters/repair/self-repair.ts';
import type { BackfillNote } from '../../../core/repair/backfill.ts';
import { shop } from '../../support/boundaries.ts';
import { createRepairWorld } from '../../support/self-repair.ts';

const MINUTE = 60_000;
let repair: ReturnType<typeof createRepairWorld>;

beforeEach(() => {
  repair = createRepairWorld();
});

const record = (messageId: string, body: object, receives = 1) =>
  ({ messageId, body: JSON.stringify(body), attributes: { ApproximateReceiveCount: String(receives) } }) as SQSRecord;

test('a request to tend that is delivered again later starts a run with another token', async () => {
  const settings = { everyMs: 5 * MINUTE, stalledMs: 5 * MINUTE };
  const handle = createPageHandler(shop, repair.ports, settings, () => repair.world.nowMs);
  const ready = { seq: 1, status: 'ready', readyAt: new Date(repair.world.nowMs).toISOString(), sent: 0, revision: 1 };
  repair.backfills.set('Product', { ...ready, unsendable: [], unsendableCount: 0 } as BackfillNote);
  const tend = record('m1', { tend: ['Product'] });

  repair.world.nowMs += 5 * MINUTE;
  await handle(tend);
  const first = repair.inventories.get('Product');
  if (first === undefined) throw new Error('no inventory');
  repair.inventories.set('Product', { ...first, isRead: true, endedAt: first.startedAt });

  repair.world.nowMs += 6 * MINUTE;
  await handle(tend);
  const second = repair.inventories.get('Product');
  expect(second?.startedAt).not.toBe(first.startedAt);
  expect(second?.run).not.toBe(first.run);
});
