import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { keyItem } from 'freshet-aws/internal/adapters/aws/items';
import { createOwner } from 'freshet-aws/internal/adapters/own/owner-table';
import type { Operation } from 'freshet-aws/internal/core/repair/operation';
import { PAGE_ENTITIES } from 'freshet-aws/internal/core/repair/pages';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import { cacheIn, cloudClient, ownerIn } from 'freshet-local/internal/deployed';
import type { Ledger } from 'freshet-local/internal/ledger/ledger';
import { createSelfRepairNotes } from '../../clients/self-repair.ts';
import { cacheBoundary, cacheName } from './cache-contracts.ts';
import type { Counted } from './estimate.ts';
import ownerBoundary from './owner-contracts.ts';
import { FEWEST, MOST, stateOf } from './sample.ts';

/** The requests of one cache that fills and checks itself. Their events are the entities. */
export interface SelfRepairSample {
  /** A backfill of an empty cache. */
  readonly backfill: Counted;
  /** An inventory that finds no difference. */
  readonly inventory: Counted;
}

/** How filling and checking are measured. */
export interface SelfRepairOptions {
  /** The number of caches in the cloud. The first one is measured. */
  readonly caches: number;
  readonly bytes: number;
  /** See `selfRepairSize`. */
  readonly entities: number;
  readonly signal: AbortSignal;
}

/** Two pages of an inventory, and eight of a backfill. */
const MOST_ENTITIES = 2 * PAGE_ENTITIES.inventory;
/** Concurrent requests that prepare the sample. */
const AT_ONCE = 16;
/** The type of `owner-contracts.ts`. */
const TYPE = 'Item';

/** The number of entities with which filling and checking are measured. */
export function selfRepairSize(bytes: number): number {
  return Math.max(FEWEST, Math.min(MOST_ENTITIES, Math.floor(MOST.bytes / (3 * bytes))));
}

/** Most minutes in which the caches of a sample fill themselves. They are empty, so a minute is enough normally. */
const MOST_MINUTES = 20;

/**
 * Waits until the caches of a new cloud have filled themselves, so that this work is in no other sample.
 *
 * @throws Error if a cache doesn't become ready
 * @throws the signal's reason if it is aborted
 */
export async function untilFilled(cloud: LocalCloud, caches: number, signal: AbortSignal): Promise<void> {
  const client = cloudClient(cloud);
  try {
    for (let n = 1, minutes = 0; n <= caches; minutes += 1) {
      const { table } = cacheIn(cloud, cacheBoundary(cacheName(n)));
      const note = await createSelfRepairNotes({ client, tableName: table }).backfill(TYPE);
      if (note?.status === 'ready') n += 1;
      else {
        if (minutes > MOST_MINUTES + caches) throw new Error(`${cacheName(n)} of the sample doesn't fill itself`);
        await cloud.tick();
        await cloud.idle();
      }
      signal.throwIfAborted();
    }
  } finally {
    client.destroy();
  }
}

/**
 * Lets one cache fill itself and then compare itself with its owner, and counts the requests of each.
 *
 * @throws Error if the cache isn't filled, or if the inventory finds a difference
 * @throws the signal's reason if it is aborted
 */
export async function sampleSelfRepair(
  cloud: LocalCloud,
  ledger: Ledger,
  options: SelfRepairOptions,
): Promise<SelfRepairSample> {
  const { entities, signal } = options;
  const client = cloudClient(cloud);
  const { table, repair } = cacheIn(cloud, cacheBoundary(cacheName(1)));
  const notes = createSelfRepairNotes({ client, tableName: table });
  const counted = async (operation: Operation, isDone: () => Promise<boolean>): Promise<Counted> => {
    ledger.clear();
    await cloud.functions.invoke(repair, operation);
    await cloud.idle();
    signal.throwIfAborted();
    const entries = ledger.entries().filter(({ caller }) => caller !== 'client');
    if (!(await isDone())) throw new Error(`the ${operation.operation} of the sample has not ended as expected`);
    return { events: entities, entries };
  };
  try {
    await prepare(cloud, client, table, options);
    const backfill = await counted(
      { operation: 'backfill', type: TYPE, restart: true },
      async () => (await notes.backfill(TYPE))?.status === 'ready',
    );
    const inventory = await counted({ operation: 'inventory', type: TYPE, heals: true }, async () => {
      const note = await notes.inventory(TYPE);
      return note?.endedAt !== undefined && note.compared === entities && note.examples.length === 0;
    });
    return { backfill, inventory };
  } finally {
    client.destroy();
  }
}

/** Commits the entities at the owner, and deletes them from the measured cache, so that its backfill writes them. */
async function prepare(
  cloud: LocalCloud,
  client: DynamoDBClient,
  cacheTable: string,
  { caches, bytes, entities, signal }: SelfRepairOptions,
): Promise<void> {
  const { table, relay } = ownerIn(cloud, ownerBoundary);
  const owner = createOwner({ boundary: ownerBoundary, tableName: table, client });
  const ids = Array.from({ length: entities }, (_, n) => String(n));
  // The other caches would only take time. The relay waits, so that its batches are full.
  for (let n = 2; n <= caches; n += 1)
    cloud.functions.setReservedConcurrency(cacheIn(cloud, cacheBoundary(cacheName(n))).projector, 0);
  cloud.functions.setReservedConcurrency(relay, 0);
  await sideBySide(ids, AT_ONCE, (id) => owner.put(TYPE, id, stateOf(bytes, Number(id))), signal);
  cloud.functions.setReservedConcurrency(relay, undefined);
  await cloud.idle();
  const remove = (id: string) =>
    client.send(new DeleteItemCommand({ TableName: cacheTable, Key: keyItem({ type: TYPE, id }) }));
  await sideBySide(ids, AT_ONCE, remove, signal);
  signal.throwIfAborted();
}
