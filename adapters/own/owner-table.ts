import type { EntityContract } from '../../core/contract/contract.ts';
import { assertNotAdopted, ownedContract } from '../../core/contract/define-boundary.ts';
import { checkedState } from '../../core/contract/validate.ts';
import {
  assertNotHeartbeat,
  type EntityRef,
  entityName,
  entityRef,
  HEARTBEAT_ID,
  liftedVersion,
} from '../../core/entity.ts';
import { FreshetError } from '../../core/errors.ts';
import { heartbeatState } from '../../core/own/heartbeat.ts';
import { assertExpectedVersion, nextVersion, withState } from '../../core/own/own.ts';
import { eachOf } from '../../core/read/pages.ts';
import { type CanonicalState, canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { ATTRIBUTE, ownedEntity } from '../aws/items.ts';
import { countType, listType } from '../aws/list.ts';
import { currentTraceparent } from '../aws/trace.ts';
import type { CommitOptions, Owner, OwnerOptions, OwningBoundary } from './owner.ts';
import { createOwnerRecords } from './owner-records.ts';
import { type Content, createOwnerWrites } from './owner-writes.ts';

/** Opens an owner's table. The owner knows the types of the boundary that it is opened with. */
export function createOwner<B extends OwningBoundary>(options: OwnerOptions<B>): Owner<B['owns']> {
  // The cast is safe: every state in the table has met the schema of its version.
  return openOwner(options) as Owner<B['owns']>;
}

function openOwner(options: OwnerOptions): Owner {
  const { boundary, tableName, client, now = Date.now, traceparent = currentTraceparent, flow } = options;
  const { epoch } = boundary;

  const owned = (type: string, id: string): EntityRef => {
    ownedContract(boundary, type);
    return entityRef(type, id);
  };

  /** Returns an entity that users may write. */
  const writable = (type: string, id: string): EntityRef => {
    assertNotAdopted(ownedContract(boundary, type));
    const entity = owned(type, id);
    assertNotHeartbeat(entity);
    return entity;
  };

  const deletionOf = (type: string): Content => {
    const { schemaVersion } = ownedContract(boundary, type);
    return { digest: TOMBSTONE_DIGEST, stateJson: undefined, schemaVersion };
  };

  const admitted = async (entity: EntityRef, { priority, maxWaitMs, signal }: CommitOptions = {}): Promise<void> => {
    if (flow !== undefined && priority !== true) await flow.enter(entity, { maxWaitMs, signal });
  };

  const records = createOwnerRecords({ client, tableName });
  const { update, commit, create } = createOwnerWrites({ client, tableName, epoch, now, traceparent });

  const owner: Owner = {
    async put(type, id, state, commitOptions) {
      const entity = writable(type, id);
      const checked = await checkedState(ownedContract(boundary, type), entity, state);
      const canonical = canonicalState(entity, checked);
      assertExpectedVersion(commitOptions?.expectedVersion);
      await admitted(entity, commitOptions);
      const { schemaVersion } = ownedContract(boundary, type);
      return commit(entity, { ...stored(canonical), schemaVersion }, commitOptions?.expectedVersion);
    },
    async delete(type, id, commitOptions) {
      const entity = writable(type, id);
      assertExpectedVersion(commitOptions?.expectedVersion);
      await admitted(entity, commitOptions);
      return commit(entity, deletionOf(type), commitOptions?.expectedVersion);
    },
    async beat(type, untilMs = now()) {
      const entity = owned(type, HEARTBEAT_ID);
      const canonical = heartbeatState(entity, now());
      // Always schema version 1, so that a cache that doesn't know the type's newest schema version yet accepts
      // heartbeats.
      await commit(entity, { ...stored(canonical), schemaVersion: 1, changedAt: new Date(untilMs).toISOString() });
    },
    async get(type, id) {
      const stored = await records.get(owned(type, id));
      return stored && withState(ownedContract(boundary, type), stored);
    },
    async list(type, pageOptions = {}) {
      const contract = ownedContract(boundary, type);
      return listType({ client, tableName }, type, (item) => withState(contract, ownedEntity(item)), pageOptions);
    },
    listAll: (type, { pageSize } = {}) => eachOf((cursor) => owner.list(type, { cursor, limit: pageSize })),
    async count(type) {
      ownedContract(boundary, type);
      return countType({ client, tableName }, type, ATTRIBUTE.version);
    },
    async resync(type, id, token) {
      return records.resync(owned(type, id), token);
    },
    async lift({ entity, version }) {
      const lifted = liftedVersion(version, epoch);
      if (lifted === version) return 'unchanged';
      const { taken } = await update(owned(entity.type, entity.id), {
        UpdateExpression: 'SET #version = :lifted',
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': ATTRIBUTE.version },
        ExpressionAttributeValues: { ':version': { N: String(version) }, ':lifted': { N: String(lifted) } },
      });
      return taken ? 'lifted' : 'unchanged';
    },
    async bury(type, id, cachedVersion) {
      const entity = owned(type, id);
      assertBuriable(ownedContract(boundary, type), entity);
      const taken = await create(entity, deletionOf(type), nextVersion(cachedVersion, epoch));
      return taken ? 'buried' : 'known';
    },
  };
  return owner;
}

/** Whether an adopted entity was deleted is for the existing table to say, which a survey reads. */
function assertBuriable({ adopted }: EntityContract, entity: EntityRef): void {
  if (adopted === undefined) return;
  throw new FreshetError(
    `type: ${entityName(entity)} is adopted: only a survey of the existing table can tell whether it was deleted, so it ` +
      'was left in the caches. Wait until a survey has ended, then compare again. If the caches still have it, write its ' +
      'item to the existing table and delete the item again.',
    { code: 'Adopted', field: 'type', entity },
  );
}

function stored({ json, digest, compressed }: CanonicalState): Omit<Content, 'schemaVersion'> {
  return { stateJson: json, digest, compressed };
}
