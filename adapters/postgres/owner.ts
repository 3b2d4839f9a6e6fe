import type { Boundary } from '../../core/contract/contract.ts';
import { assertNotAdopted, ownedContract } from '../../core/contract/define-boundary.ts';
import type { Given, StateOf, TypeIn } from '../../core/contract/types.ts';
import { checkedState } from '../../core/contract/validate.ts';
import { assertNotHeartbeat, type EntityRef, entityRef, HEARTBEAT_ID } from '../../core/entity.ts';
import { FreshetError, quoted } from '../../core/errors.ts';
import type { FactOf } from '../../core/facts/fact.ts';
import { factGroupId } from '../../core/facts/fact.ts';
import { newFact, publishedContract } from '../../core/facts/new-fact.ts';
import { heartbeatState } from '../../core/own/heartbeat.ts';
import {
  assertExpectedVersion,
  type CommitResult,
  type EntityWithState,
  type OwnedEntity,
  withState,
} from '../../core/own/own.ts';
import { laneOfFact } from '../../core/relay/lanes.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { currentTraceparent } from '../aws/trace.ts';
import type { FactOptions } from '../facts/outbox.ts';
import type { EnterOptions, Flow } from '../govern/flow.ts';
import { createCommits } from './commits.ts';
import { schemaName } from './schema.ts';
import { rowsOf, type SqlClient } from './sql-client.ts';

/** Options of a put or a delete in PostgreSQL. */
export interface PostgresCommitOptions {
  /**
   * Commit only if the entity is at this version: an integer from 0, where 0 means that it must never have existed.
   * Default: any version.
   */
  readonly expectedVersion?: number | undefined;
  /**
   * Whether the write is accepted even while flow control refuses writers. Use it for writes that must not wait, such
   * as a withdrawal. Default false.
   */
  readonly priority?: boolean | undefined;
}

/** A boundary's name, epoch, types and facts. */
export type PostgresBoundary = Pick<Boundary, 'name' | 'owns' | 'epoch' | 'publishes'>;

/**
 * Writes and reads the entities of an owner in PostgreSQL. Every method takes the client of your own transaction: the
 * entity, its event and your other writes are committed together, or not at all. See `createPostgresOwner`.
 */
export interface PostgresOwner<B extends PostgresBoundary = PostgresBoundary> {
  /**
   * Waits until flow control admits a write. Call it before your transaction begins: a transaction that waits holds its
   * locks. Without flow control it returns at once.
   *
   * @throws BackpressureError if a cache lags and the write isn't admitted within `maxWaitMs`
   * @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `InvalidMaxWait`
   */
  admit(type: TypeIn<B['owns']>, id: string, options?: EnterOptions): Promise<void>;
  /**
   * Commits an entity's full state as its next version, with your transaction. If the entity already has this state,
   * the result is `unchanged`, and nothing is written. The entity stays locked until your transaction ends, so that
   * another writer of it waits. Its version is final only if your transaction commits.
   *
   * @param type an entity type that the boundary owns
   * @param id 1 to 1,024 bytes of well-formed UTF-8 text in any script, without U+0000
   * @param state the full state: a JSON object that meets the type's schema
   * @throws FreshetError `UnknownEntityType` | `Adopted` | `InvalidEntityId` | `InvalidState` | `StateTooLarge` |
   *   `InvalidExpectedVersion` | `VersionConflict` | `VersionsExhausted` | `NotInTransaction`; nothing was written
   * @throws BackpressureError while flow control refuses writers; nothing was written
   * @throws the client's errors. After an error of the database, PostgreSQL only accepts a rollback
   */
  put<T extends TypeIn<B['owns']>, Passed>(
    client: SqlClient,
    type: T,
    id: string,
    state: Given<B['owns'][T], Passed>,
    options?: PostgresCommitOptions,
  ): Promise<CommitResult>;
  /**
   * Commits a deletion as the entity's next version, with your transaction. The version counter stays. Deleting a
   * deleted entity is `unchanged`; deleting an entity that never existed is `unknown`. Throws the errors of `put`.
   */
  delete(
    client: SqlClient,
    type: TypeIn<B['owns']>,
    id: string,
    options?: PostgresCommitOptions,
  ): Promise<CommitResult>;
  /**
   * Returns the entity, also if it is deleted; undefined if it never existed. It sees what your transaction sees.
   * Throws `UnknownEntityType` | `InvalidEntityId`.
   */
  get<T extends TypeIn<B['owns']>>(
    client: SqlClient,
    type: T,
    id: string,
  ): Promise<EntityWithState<StateOf<B['owns'][T]>> | undefined>;
  /**
   * Commits a fact with your transaction. `known`: it was committed before.
   *
   * @throws FreshetError `UnknownFact` | `InvalidFact` | `InvalidEntityId`
   */
  publishFact<Type extends keyof B['publishes'] & string>(
    client: SqlClient,
    type: Type,
    ids: FactOf<B['publishes'][Type]>['data'],
    options?: FactOptions,
  ): Promise<'committed' | 'known'>;
  /**
   * Requests a second publication of the entity's current version, as a whole and in order. The version stays. Returns
   * `unknown` if the entity never existed.
   *
   * @param token unique to the request: 1 to 22 printable ASCII characters without spaces
   */
  resync(client: SqlClient, type: TypeIn<B['owns']>, id: string, token: string): Promise<'requested' | 'unknown'>;
  /**
   * Raises an entity's version into the boundary's epoch after a restore from backup, which also publishes the entity.
   * Returns `unchanged` if the version is already in the epoch, or if a concurrent change raised it.
   */
  lift(client: SqlClient, owned: Pick<OwnedEntity, 'entity' | 'version'>): Promise<'lifted' | 'unchanged'>;
  /**
   * Commits the deletion of an entity that the table has lost, with a version above the one that a cache still has.
   * Returns `known` if the table has the entity; then nothing is written.
   */
  bury(client: SqlClient, type: TypeIn<B['owns']>, id: string, cachedVersion: number): Promise<'buried' | 'known'>;
  /** Commits the heartbeat of a type. The relay's function does it; flow control doesn't apply. */
  beat(client: SqlClient, type: TypeIn<B['owns']>): Promise<void>;
}

/** What an owner in PostgreSQL is opened with. */
export interface PostgresOwnerOptions<B extends PostgresBoundary = PostgresBoundary> {
  /** The boundary that owns the types, made by `defineBoundary`. */
  readonly boundary: B;
  /** The schema of the owner's tables, see `postgresMigration`. Default `freshet`. */
  readonly schema?: string;
  /** Returns the current time, epoch milliseconds, for `changedAt`. Default: the system clock. */
  readonly now?: () => number;
  /** Returns the trace of a commit. Default: the trace of the current Lambda invocation. */
  readonly traceparent?: () => string | undefined;
  /** Flow control for puts and deletes, see `createFlow`. Default: writes are never slowed. */
  readonly flow?: Flow | undefined;
}

/**
 * Opens an owner in PostgreSQL, whose tables the package's migration has made.
 *
 * @throws RangeError if the name of the schema isn't valid
 */
export function createPostgresOwner<B extends PostgresBoundary>(options: PostgresOwnerOptions<B>): PostgresOwner<B> {
  // The cast is safe: every state in the table has met the schema of its version.
  return openOwner(options) as PostgresOwner<B>;
}

function openOwner(options: PostgresOwnerOptions): PostgresOwner {
  const { boundary, now = Date.now, traceparent = currentTraceparent, flow } = options;
  const schema = schemaName(options.schema);
  const commits = createCommits({ boundary, schema, now, traceparent });

  const owned = (type: string, id: string): EntityRef => {
    ownedContract(boundary, type);
    return entityRef(type, id);
  };

  const writable = (type: string, id: string): EntityRef => {
    assertNotAdopted(ownedContract(boundary, type));
    const entity = owned(type, id);
    assertNotHeartbeat(entity);
    assertStorable(entity);
    return entity;
  };

  /** A transaction can't wait for admission, so only a refusal stops it. The check costs no token of a paced owner. */
  const assertNotRefused = async (entity: EntityRef, priority = false): Promise<void> => {
    if (flow === undefined || priority || (await flow.state()) !== 'refusing') return;
    await flow.enter(entity, { maxWaitMs: 0 });
  };

  return {
    async admit(type, id, enterOptions) {
      await flow?.enter(owned(type, id), enterOptions);
    },
    async put(client, type, id, state, { expectedVersion, priority } = {}) {
      const entity = writable(type, id);
      const contract = ownedContract(boundary, type);
      const { json, digest } = canonicalState(entity, await checkedState(contract, entity, state));
      assertExpectedVersion(expectedVersion);
      await assertNotRefused(entity, priority);
      const content = { stateJson: json, digest, schemaVersion: contract.schemaVersion };
      return commits.commit(client, entity, content, expectedVersion);
    },
    async delete(client, type, id, { expectedVersion, priority } = {}) {
      const entity = writable(type, id);
      assertExpectedVersion(expectedVersion);
      await assertNotRefused(entity, priority);
      const { schemaVersion } = ownedContract(boundary, type);
      const content = { stateJson: undefined, digest: TOMBSTONE_DIGEST, schemaVersion };
      return commits.commit(client, entity, content, expectedVersion);
    },
    async get(client, type, id) {
      const entity = owned(type, id);
      const found = id.includes('\0') ? undefined : await commits.read(client, entity);
      return found && withState(ownedContract(boundary, type), found);
    },
    async publishFact(client, type, ids, { key } = {}) {
      const contract = publishedContract(boundary, type);
      const fact = newFact(contract, ids, { key, nowMs: now() });
      const data = JSON.stringify(fact.data);
      const added = await rowsOf(
        client,
        `WITH added AS (
           INSERT INTO ${schema}.fact (id, occurred_at) VALUES ($1::text, $2::text::timestamptz)
           ON CONFLICT (id) DO NOTHING RETURNING id)
         INSERT INTO ${schema}.outbox (lane, kind, type, id, changed_at, state, bytes)
         SELECT $3::smallint, 'fact', $4::text, id, $2::text::timestamptz, $5::text, $6::integer FROM added
         RETURNING seq::text`,
        [fact.id, fact.occurredAt, laneOfFact(factGroupId(contract, fact.data)), type, data, data.length],
      );
      return added.length === 0 ? 'known' : 'committed';
    },
    async resync(client, type, id, token) {
      const entity = owned(type, id);
      return id.includes('\0') ? 'unknown' : commits.resync(client, entity, token);
    },
    async lift(client, { entity, version }) {
      return commits.lift(client, owned(entity.type, entity.id), version);
    },
    async bury(client, type, id, cachedVersion) {
      return commits.bury(client, writable(type, id), cachedVersion);
    },
    async beat(client, type) {
      const entity = owned(type, HEARTBEAT_ID);
      const { json, digest } = heartbeatState(entity, now());
      // Always schema version 1, so that a cache that doesn't know the type's newest schema version yet accepts
      // heartbeats.
      await commits.commit(client, entity, { stateJson: json, digest, schemaVersion: 1 });
    },
  };
}

/** PostgreSQL's text can hold every character but U+0000. */
function assertStorable(entity: EntityRef): void {
  if (!entity.id.includes('\0')) return;
  throw new FreshetError(
    `id: contains U+0000: ${quoted(entity.id)}. Allowed in PostgreSQL: any text without U+0000. Choose another id.`,
    { code: 'InvalidEntityId', field: 'id', entity },
  );
}
