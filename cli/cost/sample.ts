import { createFlowStore } from 'freshet-aws/internal/adapters/govern/flow-table';
import { createOwner } from 'freshet-aws/internal/adapters/own/owner-table';
import { utf8Bytes } from 'freshet-aws/internal/core/entity';
import { type LocalCloud, startLocalCloud } from 'freshet-local/internal/cloud';
import { cloudClient, ownerIn } from 'freshet-local/internal/deployed';
import { createLedger, type Ledger, type LedgerEntry } from 'freshet-local/internal/ledger/ledger';
import type { Counted } from './estimate.ts';
import ownerBoundary from './owner-contracts.ts';

/** How large a sample is. */
export interface SampleSize {
  /** Changes that are committed together, of as many entities: a multiple of `CHANGES_PER_ENTITY`. */
  readonly changes: number;
  /** Changes that are committed one after the other, each after the one before has arrived everywhere. */
  readonly single: number;
}

/** Changes of an entity that follow one another while writers are paced. */
export const CHANGES_PER_ENTITY = 5;

/** Enough for figures that don't depend on chance, few enough for seconds. */
const MOST = { changes: 500, single: 100, deliveries: 2_000, bytes: 64 * 1024 * 1024 } as const;
const FEWEST = 20;

/** How large a sample may be for so many caches and bytes. */
export function sampleSize(caches: number, bytes: number): SampleSize {
  const byDeliveries = MOST.deliveries / caches;
  const byBytes = MOST.bytes / (bytes * (caches + 2));
  const changes = Math.max(FEWEST, Math.min(MOST.changes, byDeliveries, byBytes));
  const whole = Math.floor(changes / CHANGES_PER_ENTITY) * CHANGES_PER_ENTITY;
  return { changes: whole, single: Math.min(MOST.single, whole) };
}

/** Bytes of the smallest state. */
export const MIN_BYTES = 64;

/** A state of so many bytes as canonical JSON. @param n makes it another one */
export function stateOf(bytes: number, n: number): { n: number; text: string } {
  const rest = bytes - utf8Bytes(JSON.stringify({ n, text: '' }));
  return { n, text: 'x'.repeat(rest) };
}

/** What was counted of each way in which changes arrive. */
export interface EventSample {
  /** Changes one at a time, each alone in its batches. */
  readonly single: Counted;
  /** Changes of different entities that arrive together, ten in a batch of the caches' queues. */
  readonly batched: Counted;
  /** Changes of one entity after the other, while the owner is paced and its relay merges what it can. */
  readonly conflated: Counted;
}

export interface SampleOptions extends SampleSize {
  readonly bytes: number;
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs an assembly with its ledger; stops it in the end, whatever happens, and as soon as the signal aborts. Throws the signal's reason then.
 */
export async function inCloud<T>(
  assembly: string,
  signal: AbortSignal,
  work: (cloud: LocalCloud, ledger: Ledger) => Promise<T>,
): Promise<T> {
  const ledger = createLedger();
  // No minute passes by itself: what happens each minute is measured alone.
  const cloud = await startLocalCloud({ assembly, ledger, concurrency: 1, minuteMs: 3_600_000 });
  try {
    signal.throwIfAborted();
    const working = work(cloud, ledger);
    // What was under way when the end came fails against a stopped cloud; nobody waits for it any more.
    working.catch(() => undefined);
    return await Promise.race([working, rejectedBy(signal)]);
  } finally {
    await cloud.stop();
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** Commits the sample's changes in each of the three ways and counts what they took. Throws the signal's reason once it is aborted. */
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
  /** While the relay is held, so that its batches are full. */
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
    onProgress(`${changes} entities, which also warms up the functions`);
    const entities = Array.from({ length: changes }, (_, index) => index);
    await together(entities);
    onProgress(`${single} changes, one at a time`);
    const alone = await counted(single, async () => {
      for (let entity = 0; entity < single; entity += 1) {
        await change(entity);
        await cloud.idle();
      }
    });
    onProgress(`${changes} changes, batched`);
    const batched = await counted(changes, () => together(entities));
    onProgress(`${changes} changes while paced, ${CHANGES_PER_ENTITY} of one entity at a time`);
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

/** What happens in a minute without a change: heartbeats, reports, and what they take. */
export async function sampleMinute(cloud: LocalCloud, ledger: Ledger): Promise<readonly LedgerEntry[]> {
  // In the first minute of an execution environment a report looks twice.
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

/** Ends a function's execution environment, and with it what it knew. */
async function forget(cloud: LocalCloud, name: string): Promise<void> {
  const end = new AbortController();
  const ended = cloud.functions.invoke(name, { Records: [] }, end.signal);
  end.abort();
  await ended;
}
