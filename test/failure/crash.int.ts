import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { messageGroupId } from '../../core/entity.ts';
import { MAX_CRASHES_ALONE, SUSPECT_RECEIVES } from '../../core/project/suspects.ts';
import type { SendInput } from '../../local/fifo/message.ts';
import { copyFragile, PROJECTOR } from './fragile-assembly.ts';
import { type CacheName, type Lab, labAssembly, startLab } from './lab.ts';
import { type Delivery, keepLedger, type Ledger } from './ledger.ts';
import { item, itemState, toSend } from './messages.ts';

const CACHES = ['parking', 'stopping'] as const;
/** Longer than a projector's time-out, and well below a repair function's. */
const BLOCK_MS = 1_500 * PROJECTOR.timeoutSeconds;
/** More than a projector's memory, and well below a repair function's. */
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
  // All execution environments are loaded before the first crash.
  await putNeighbours(1);
  await lab.cloud.idle();
  // All messages are sent at once and without the relay, so that crashing messages share a batch with others.
  lab.cloud.functions.setReservedConcurrency(lab.itemOwner.deployed.relay, 0);
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

/** The invocations of a cache's projector, each with its messages. */
function invocationsOf(name: CacheName): (readonly Delivery[])[] {
  const byNumber = new Map<number, Delivery[]>();
  for (const one of ledger.of(lab.cache(name).deployed.projector)) {
    byNumber.set(one.invocation, [...(byNumber.get(one.invocation) ?? []), one]);
  }
  return [...byNumber.values()];
}

describe.each(CACHES)('messages that crash the projector of the cache %s', (name) => {
  test(`${name}: messages that crash the projector, by time and by memory, share batches with others`, () => {
    const crashed = invocationsOf(name).filter(([first]) => first?.result?.ok === false);
    const failures = crashed.map(([first]) => (first?.result?.ok === false ? first.result.error : ''));
    expect(new Set(failures)).toEqual(new Set(['TimedOut', 'Unhandled']));
    expect(crashed.some((batch) => batch.some(({ group }) => group.startsWith('Item/')))).toBe(true);
  });

  test(`${name}: a crashing message is tried alone ${MAX_CRASHES_ALONE} times, then parked`, async () => {
    const suspected = invocationsOf(name).filter((batch) =>
      batch.some((one) => isCrashing(one) && one.receiveCount >= SUSPECT_RECEIVES),
    );
    const crashed = suspected.filter(([first]) => first?.result?.ok === false);
    const inCompany = crashed.filter((batch) => batch.some(({ group }) => group.startsWith('Item/')));
    expect(crashed.length).toBeLessThanOrEqual(MAX_CRASHES_ALONE * Object.keys(CRASHERS).length);
    // On the first crash it is unknown which message of the batch caused it.
    expect(inCompany.length).toBeLessThanOrEqual(Object.keys(CRASHERS).length);
    const parked = (await lab.parked(name)).filter(({ status }) => status === 'parked');
    expect(parked).toMatchObject([
      { reason: 'crashed', status: 'parked' },
      { reason: 'crashed', status: 'parked' },
    ]);
    expect(parked.map(({ message }) => message.groupId).sort()).toEqual(Object.keys(CRASHERS).map(groupOf).sort());
    expect(parked.every(({ message }) => message.body.includes(CRASHING))).toBe(true);
  });

  test(`${name}: finding the crashing messages costs the others few deliveries`, async () => {
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

  test(`${name}: the queue is empty once the crashing messages are parked`, () => {
    expect(lab.queue(name).counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });
});

test('parking: an entity with a crashing event goes on, and a redrive of the event ends as outdated', async () => {
  const parked = await lab.parked('parking');
  for (const id of Object.keys(CRASHERS)) {
    expect(await lab.cache('parking').reader.get('Device', id)).toMatchObject({ version: 3 });
  }
  const keys = parked.map(({ message: { groupId, sequenceNumber } }) => ({ groupId, sequenceNumber }));
  const result = await lab.repair('parking', { operation: 'redrive', keys });
  expect(result).toMatchObject({ redriven: [{ outcome: 'outdated' }, { outcome: 'outdated' }] });
  expect(await lab.parked('parking')).toEqual([]);
});

test('stopping: a release replays the event that crashed the projector and the events held behind it', async () => {
  for (const id of Object.keys(CRASHERS)) {
    expect(await lab.cache('stopping').reader.get('Device', id)).toMatchObject({ version: 1 });
    const result = await lab.repair('stopping', { operation: 'release', type: 'Device', id, drop: false });
    expect(result).toMatchObject({
      status: 'released',
      redriven: [{ outcome: 'superseded' }, { outcome: 'applied' }],
    });
  }
  expect(await lab.parked('stopping')).toEqual([]);
});

test('the caches equal their owner after the redrive and the release', async () => {
  const equal = NEIGHBOURS.length + Object.keys(CRASHERS).length;
  const compared = await compareCaches(lab.deployment);
  expect(compared.filter(({ cache }) => cache !== 'discarding')).toEqual([
    { cache: 'parking', equal, differing: [] },
    { cache: 'stopping', equal, differing: [] },
  ]);
});

test('the tests of crashes need no permission that a function lacks', () => {
  expect(lab.cloud.access.denials).toEqual([]);
});

test('parking: an event whose projector is throttled until SQS gives it up is applied from the dead-letter queue', async () => {
  const { projector, repair, deadLetterQueueUrl } = lab.cache('parking').deployed;
  const { functions, messaging } = lab.cloud;
  const deadLetterTargetArn = messaging.queues.require(deadLetterQueueUrl).arn;
  lab.queue('parking').setAttributes({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }) });
  const repairs = () => functions.functions().find(({ arn, name }) => [arn, name].includes(repair))?.invocations ?? 0;
  const before = repairs();
  functions.setReservedConcurrency(projector, 0);
  lab.queue('parking').send(toSend(item('throttled'), 1));
  await vi.waitUntil(() => repairs() > before, { timeout: LONGEST_MS });
  functions.setReservedConcurrency(projector, undefined);
  await lab.cloud.idle();
  expect(await lab.cache('parking').reader.get('Item', 'throttled')).toMatchObject({ version: 1 });
  expect(await lab.parked('parking')).toEqual([]);
});
