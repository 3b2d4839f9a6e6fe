import { entityName } from 'freshet-aws/internal/core/entity';
import { isTombstone, type OwnedEntity } from 'freshet-aws/internal/core/own/own';
import { outgoingMessage } from 'freshet-aws/internal/core/relay/message';
import type { DirectMessage } from '../../clients/queue.ts';
import type { Deployment, OpenCache, OpenOwner } from '../../deployment/deployment.ts';
import { UsageError } from '../../errors.ts';
import { typed } from '../../output/typed.ts';
import { unique } from './actions.ts';

/** An entity that a cache keeps, with its owner. */
export interface Kept {
  readonly owner: OpenOwner;
  readonly owned: OwnedEntity;
}

/** The most entities that a rehearsal reads of a type. */
const MOST_OF_TYPE = 200;

/** Entities that a cache holds, as their owners have them. @throws UsageError if there is none */
export async function entitiesOf(deployment: Deployment, cache: OpenCache): Promise<[Kept, ...Kept[]]> {
  const kept: Kept[] = [];
  for (const type of Object.keys(cache.boundary.caches)) {
    const owner = await deployment.ownerOf(type);
    const { items } = await owner.records.list(type, { limit: MOST_OF_TYPE });
    for (const owned of items) {
      if (isTombstone(owned)) continue;
      // The event of a version that the cache doesn't hold would change the cache.
      const held = await cache.records.get(owned.entity);
      if (held?.version === owned.version) kept.push({ owner, owned });
    }
  }
  const [first, ...others] = kept;
  if (first !== undefined) return [first, ...others];
  const types = Object.keys(cache.boundary.caches).join(', ');
  throw new UsageError(
    `cache ${cache.name}: it holds no entity of ${types}, and the rehearsal needs one. Put one first: ` +
      `${typed(`put ${types.split(', ')[0]} ID`)}`,
  );
}

/** The event of an entity's version, with a deduplication id of its own, so that no queue drops it. */
export function eventOf({ owner, owned }: Kept): DirectMessage {
  const message = outgoingMessage(owner.boundary, owned, { publishedAt: new Date().toISOString() });
  if ('reason' in message) throw new UsageError(`${entityName(owned.entity)} can't be sent: ${message.message}.`);
  return { body: message.body, groupId: message.groupId, deduplicationId: unique() };
}

/** The event of a version with the state of another entity. @throws UsageError if all states are equal */
export function conflictingEvent(all: readonly Kept[]): { readonly event: DirectMessage; readonly of: Kept } {
  for (const one of all) {
    const other = all.find(
      ({ owned: { entity, digest } }) => entity.type === one.owned.entity.type && digest !== one.owned.digest,
    );
    if (other === undefined) continue;
    const { stateJson, compressed, digest, schemaVersion } = other.owned;
    const owned = { ...one.owned, stateJson, compressed, digest, schemaVersion };
    return { event: eventOf({ ...one, owned }), of: one };
  }
  throw new UsageError('the cache holds no two entities of a type with different states, and the rehearsal needs two.');
}

/** The messages of one SendMessageBatch call. */
const BATCH = 10;
/** Concurrent calls. */
const AT_ONCE = 8;

/** Sends copies of events that the cache has already applied. The projector drops each copy as a duplicate. */
export async function sendCopies(cache: OpenCache, kept: readonly Kept[], count: number): Promise<void> {
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < count) {
      const from = sent;
      sent += BATCH;
      const batch = Array.from(
        { length: Math.min(BATCH, count - from) },
        (_, index) => kept[(from + index) % kept.length],
      );
      await cache.send(batch.flatMap((one) => (one === undefined ? [] : [eventOf(one)])));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
