import { createHash } from 'node:crypto';
import { createFlowStore } from 'freshet-aws/internal/adapters/govern/flow-table';
import { createOwner } from 'freshet-aws/internal/adapters/own/owner-table';
import { utf8Bytes } from 'freshet-aws/internal/core/entity';
import { type LocalCloud, startLocalCloud } from 'freshet-local/internal/cloud';
import { cloudClient, ownerIn } from 'freshet-local/internal/deployed';
import { createLedger, type Ledger, type LedgerEntry } from 'freshet-local/internal/ledger/ledger';
import type { Counted } from './estimate.ts';
import ownerBoundary from './owner-contracts.ts';

/** The size of a sample. */
export interface SampleSize {
  /** Changes that are committed together, each of another entity. A multiple of `CHANGES_PER_ENTITY`. */
  readonly changes: number;
  /** Changes that are committed one at a time, each after the one before has arrived in all caches. */
  readonly single: number;
}

/** Changes of each entity while writers are paced. */
export const CHANGES_PER_ENTITY = 5;

/** The largest sample: large enough for stable figures, and small enough to take only seconds. */
export const MOST = { changes: 500, single: 100, deliveries: 2_000, bytes: 64 * 1024 * 1024 } as const;
/** The smallest sample. */
export const FEWEST = 20;

/** The size of a sample for a number of caches and a size of entities. */
export function sampleSize(caches: number, bytes: number): SampleSize {
  const byDeliveries = MOST.deliveries / caches;
  const byBytes = MOST.bytes / (bytes * (caches + 2));
  const changes = Math.max(FEWEST, Math.min(MOST.changes, byDeliveries, byBytes));
  const whole = Math.floor(changes / CHANGES_PER_ENTITY) * CHANGES_PER_ENTITY;
  return { changes: whole, single: Math.min(MOST.single, whole) };
}

/** The smallest size of a state. */
export const MIN_BYTES = 64;

/** 16 characters of base64 from each number, which nothing can compress by more than a quarter. */
const noise = (from: number) => createHash('md5').update(String(from)).digest('base64').slice(0, 16);

/**
 * A state that has a given size as canonical JSON. It isn't stored compressed, so its cost is the highest for its size.
 *
 * @param n a number that makes the state differ from other states
 */
export function stateOf(bytes: number, n: number): { n: number; text: string } {
  const rest = bytes - utf8Bytes(JSON.stringify({ n, text: '' }));
  const text = Array.from({ length: Math.ceil(rest / 16) }, (_, index) => noise(index)).join('');
  return { n, text: text.slice(0, rest) };
}

/** The requests that were counted for each way in which changes arrive. */
export interface EventSample {
  /** Changes one at a time, each alone in its batches. */
  readonly single: Counted;
  /** Changes of different entities that arrive together, ten in a batch from the caches' queues. */
  readonly batched: Counted;
  /** Several changes of each entity, while the owner is paced and its relay conflates them. */
  readonly conflated: Counted;
}

export interface SampleOptions extends SampleSize {
  readonly bytes: number;
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs a cloud assembly with a ledger, and stops it at the end or as soon as the signal is aborted.
 *
 * @throws the signal's reason if it is aborted
 */
export async function inCloud<T>(
  assembly: string,
  signal: AbortSignal,
  work: (cloud: LocalCloud, ledger: Ledger) => Promise<T>,
): Promise<T> {
  const ledger = createLedger();
  // A minute lasts an hour, so that no schedule runs. The work of each minute is measured separately.
  const cloud = await startLocalCloud({ assembly, ledger, concurrency: 1, minuteMs: 3_600_000 });
  try {
    signal.throwIfAborted();
    const working = work(cloud, ledger);
    // Work that the abort interrupts may fail later, because its cloud is stopped. That error is ignored.
    working.catch(() => undefined);
    return await Promise.race([working, rejectedBy(signal)]);
  } finally {
    await cloud.stop();
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/**
 * Commits the changes of the sample in each of the three ways, and counts their requests.
 *
 * @throws the signal's reason if it is aborted
 */
export async function sampleEvents(cloud: LocalCloud, ledger: Ledger, options: SampleOptions): Promise<EventSample> {
  const { bytes, changes, single, onProgress, signal } = options;
  const client = cloudClient(cloud);
  const { table, flowTable, relay } = ownerIn(cloud, ownerBoundary);
  const owner = createOwner({ boundary: ownerBoundary, tableName: table, client });
  let n = 0;
  const change = async (entity: number): Promise<void> => {
    signal.throwIfAborted();
    n += 1;
    await owner.put('Item', `item-${entity}`, stateOf(bytes, n));
  };
  /** Commits changes while the relay is stopped, so that its batches are full. */
  const together = async (entities: readonly number[]): Promise<void> => {
    cloud.functions.setReservedConcurrency(relay, 0);
    for (const entity of entities) await change(entity);
    cloud.functions.setReservedConcurrency(relay, undefined);
    await cloud.idle();
  };
  const counted = async (events: number, work: () => Promise<void>): Promise<Counted> => {
    ledger.clear();
    await work();
    signal.throwIfAborted();
    return { events, entries: ledger.entries() };
  };

  try {
    onProgress(`committing ${changes} entities, which also warms up the functions`);
    const entities = Array.from({ length: changes }, (_, index) => index);
    await together(entities);
    onProgress(`committing ${single} changes, one at a time`);
    const alone = await counted(single, async () => {
      for (let entity = 0; entity < single; entity += 1) {
        await change(entity);
        await cloud.idle();
      }
    });
    onProgress(`committing ${changes} changes, batched`);
    const batched = await counted(changes, () => together(entities));
    onProgress(`committing ${changes} changes while the owner is paced, ${CHANGES_PER_ENTITY} of each entity`);
    await createFlowStore({ client, tableName: flowTable }).saveDecision(paced());
    await forget(cloud, relay);
    await change(0);
    await cloud.idle();
    const repeated = entities.map((index) => Math.floor(index / CHANGES_PER_ENTITY));
    const conflated = await counted(changes, () => together(repeated));
    return { single: alone, batched, conflated };
  } finally {
    client.destroy();
  }
}

/** Returns the requests of a minute without a change: only those of heartbeats and reports. */
export async function sampleMinute(cloud: LocalCloud, ledger: Ledger): Promise<readonly LedgerEntry[]> {
  // A report function reads twice in the first minute of its execution environment, so that minute isn't counted.
  await cloud.tick();
  await cloud.idle();
  ledger.clear();
  await cloud.tick();
  await cloud.idle();
  return ledger.entries();
}

function paced() {
  const now = Date.now();
  const free = { retryAfterSeconds: 0, levels: {}, missing: [] };
  return {
    ...free,
    state: 'paced',
    pacePerSecond: 1_000_000,
    decidedAtMs: now,
    validUntilMs: now + 3_600_000,
  } as const;
}

/** Ends a function's execution environment, so that it forgets what it has read. */
async function forget(cloud: LocalCloud, name: string): Promise<void> {
  const end = new AbortController();
  const ended = cloud.functions.invoke(name, { Records: [] }, end.signal);
  end.abort();
  await ended;
}
