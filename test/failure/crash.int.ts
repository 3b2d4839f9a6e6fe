import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareCaches } from '../../cli/compare-caches.ts';
import { ownerOf } from '../../cli/session.ts';
import { messageGroupId } from '../../core/entity.ts';
import { MAX_CRASHES_ALONE, SUSPECT_RECEIVES } from '../../core/project/batch.ts';
import type { SendInput } from '../../local/fifo/message.ts';
import { copyFragile, PROJECTOR } from './fragile-assembly.ts';
import { type CacheName, type Lab, labAssembly, startLab } from './lab.ts';
import { type Delivery, keepLedger, type Ledger } from './ledger.ts';
import { item, itemState, toSend } from './messages.ts';

const CACHES = ['parking', 'stopping'] as const;
/** Longer than a projector may run, and well within what a repair function has. */
const BLOCK_MS = 1_500 * PROJECTOR.timeoutSeconds;
/** More than a projector has, and well within what a repair function has. */
const ALLOCATE_MB = 4 * PROJECTOR.memoryMb;
const CRASHERS = { blocks: { blockMs: BLOCK_MS, allocateMb: 0 }, allocates: { blockMs: 0, allocateMb: ALLOCATE_MB } };
const CRASHING = 'crashing';
const NEIGHBOURS = Array.from({ length: 30 }, (_, index) => `neighbour-${index}`);
const LONGEST_MS = 120_000;

let folder = '';
let lab: Lab;
let ledger: Ledger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-fragile-'));
  const assembly = copyFragile(await labAssembly(), join(folder, 'assembly'));
  lab = await startLab({ assembly });
  ledger = keepLedger(lab.cloud);
  // Execution environments are loaded before anything crashes.
  await putNeighbours(1);
  await lab.cloud.idle();
  // Sent at once and past the relay, so that those that crash come in a batch with some of the others.
  lab.cloud.functions.setReservedConcurrency(ownerOf(lab.session, 'Item').deployed.relay, 0);
  const messages: SendInput[] = [];
  for (const [id, demand] of Object.entries(CRASHERS)) {
    const entity = { type: 'Device', id };
    const states = [
      { name: 'harmless', blockMs: 0, allocateMb: 0 },
      { name: CRASHING, ...demand },
      { name: 'harmless again', blockMs: 0, allocateMb: 0 },
    ];
    for (const [index, state] of states.entries()) {
      await lab.owner.put('Device', id, state);
      messages.push(toSend(entity, index + 1, state));
    }
  }
  await putNeighbours(2);
  messages.push(...NEIGHBOURS.map((id) => toSend(item(id), 2)));
  for (const name of CACHES) for (const message of messages) lab.queue(name).send(message);
  await lab.cloud.idle();
}, LONGEST_MS);

afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function putNeighbours(version: number): Promise<void> {
  await Promise.all(NEIGHBOURS.map((id) => lab.owner.put('Item', id, itemState(version))));
}

const groupOf = (id: string) => messageGroupId({ type: 'Device', id });
const isCrashing = ({ body }: Delivery) => body.includes(`"name":"${CRASHING}"`);

/** Each invocation of a cache's projector, with all that it was given. */
function invocationsOf(name: CacheName): (readonly Delivery[])[] {
  const byNumber = new Map<number, Delivery[]>();
  for (const one of ledger.of(lab.cache(name).deployed.projector)) {
    byNumber.set(one.invocation, [...(byNumber.get(one.invocation) ?? []), one]);
  }
  return [...byNumber.values()];
}

describe.each(CACHES)('%s: messages that the projector does not survive', (name) => {
  test('end it by time and by memory, and share batches with others', () => {
    const crashed = invocationsOf(name).filter(([first]) => first?.result?.ok === false);
    const failures = crashed.map(([first]) => (first?.result?.ok === false ? first.result.error : ''));
    expect(new Set(failures)).toEqual(new Set(['TimedOut', 'Unhandled']));
    expect(crashed.some((batch) => batch.some(({ group }) => group.startsWith('Item/')))).toBe(true);
  });

  test(`are found out alone and tried again apart from all others, ${MAX_CRASHES_ALONE} times in all, then parked`, async () => {
    const suspected = invocationsOf(name).filter((batch) =>
      batch.some((one) => isCrashing(one) && one.receiveCount >= SUSPECT_RECEIVES),
    );
    const crashed = suspected.filter(([first]) => first?.result?.ok === false);
    const inCompany = crashed.filter((batch) => batch.some(({ group }) => group.startsWith('Item/')));
    expect(crashed.length).toBeLessThanOrEqual(MAX_CRASHES_ALONE * Object.keys(CRASHERS).length);
    // The first time it isn't known which of a batch crashes the projector.
    expect(inCompany.length).toBeLessThanOrEqual(Object.keys(CRASHERS).length);
    const parked = (await lab.aside(name)).filter(({ status }) => status === 'parked');
    expect(parked).toMatchObject([
      { reason: 'crashed', status: 'parked' },
      { reason: 'crashed', status: 'parked' },
    ]);
    expect(parked.map(({ message }) => message.groupId).sort()).toEqual(Object.keys(CRASHERS).map(groupOf).sort());
    expect(parked.every(({ message }) => message.body.includes(CRASHING))).toBe(true);
  });

  test(`cost the others of their batch no more deliveries than it takes to find them out`, async () => {
    const others = invocationsOf(name).flatMap((batch) => batch.filter(({ group }) => group.startsWith('Item/')));
    const most = Math.max(...others.map(({ receiveCount }) => receiveCount));
    console.log(`${name}: neighbours of 2 crashers were received ${most} times at most`);
    expect(most).toBeLessThanOrEqual(SUSPECT_RECEIVES + Object.keys(CRASHERS).length);
    const settled = others.filter(({ isSettled }) => isSettled);
    const ids = (deliveries: readonly Delivery[]) => new Set(deliveries.map(({ messageId }) => messageId));
    expect(ids(settled)).toEqual(ids(others));
    const cached = await lab.cache(name).reader.listWithDeleted('Item');
    expect(cached.items.map(({ version }) => version)).toEqual(NEIGHBOURS.map(() => 2));
  });

  test('leave the queue empty', () => {
    expect(lab.queue(name).counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });
});

test('parking: the crashed entity goes on, and redriven where there is time and memory the event is outdated', async () => {
  const parked = await lab.aside('parking');
  for (const id of Object.keys(CRASHERS)) {
    expect(await lab.cache('parking').reader.get('Device', id)).toMatchObject({ version: 3 });
  }
  const keys = parked.map(({ message: { groupId, sequenceNumber } }) => ({ groupId, sequenceNumber }));
  const result = await lab.repair('parking', { operation: 'redrive', keys });
  expect(result).toMatchObject({ redriven: [{ outcome: 'outdated' }, { outcome: 'outdated' }] });
  expect(await lab.aside('parking')).toEqual([]);
});

test('stopping: released where there is time and memory, the event and what was held behind it are replayed', async () => {
  for (const id of Object.keys(CRASHERS)) {
    expect(await lab.cache('stopping').reader.get('Device', id)).toMatchObject({ version: 1 });
    const result = await lab.repair('stopping', { operation: 'release', type: 'Device', id, drop: false });
    expect(result).toMatchObject({
      status: 'released',
      redriven: [{ outcome: 'superseded' }, { outcome: 'applied' }],
    });
  }
  expect(await lab.aside('stopping')).toEqual([]);
});

test('the caches equal their owner', async () => {
  const equal = NEIGHBOURS.length + Object.keys(CRASHERS).length;
  const compared = await compareCaches(lab.session);
  expect(compared.filter(({ cache }) => cache !== 'discarding')).toEqual([
    { cache: 'parking', equal, differing: [] },
    { cache: 'stopping', equal, differing: [] },
  ]);
});

test('nothing was refused for want of a permission', () => {
  expect(lab.cloud.access.denials).toEqual([]);
});
