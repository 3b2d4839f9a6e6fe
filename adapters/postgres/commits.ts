import type { Boundary } from '../../core/contract/contract.ts';
import { ownedContract } from '../../core/contract/define-boundary.ts';
import { type EntityRef, entityName, isHeartbeat, liftedVersion, utf8Bytes } from '../../core/entity.ts';
import { FreshetError } from '../../core/errors.ts';
import { decideCommit } from '../../core/own/decide-commit.ts';
import { type CommitResult, committed, nextVersion, type OwnedEntity } from '../../core/own/own.ts';
import { laneOf, partitionOf } from '../../core/relay/lanes.ts';
import { TOMBSTONE_DIGEST } from '../../core/state.ts';
import type { Content } from '../own/owner-writes.ts';
import { entityColumns, ownedOfRow, previousText } from './rows.ts';
import { rowsOf, type SqlClient } from './sql-client.ts';

/**
 * How often a writer looks again when another one has created its entity meanwhile. Once is enough, because the other
 * one's row then exists for good.
 */
const ATTEMPTS = 3;

/** An entity as a writer sees it while it holds the entity's row. */
interface Held {
  readonly current: OwnedEntity | undefined;
  /** The id of the transaction that holds the row. */
  readonly transaction: string;
}

/** Creates the writes of an owner's tables. Each runs in the transaction of the client that it gets. */
export function createCommits(options: {
  readonly boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>;
  readonly schema: string;
  readonly now: () => number;
  readonly traceparent: () => string | undefined;
}) {
  const { boundary, schema, now, traceparent } = options;
  const { epoch } = boundary;

  /** Locks the entity's row, so that no other transaction can change it until this one ends. */
  const hold = async (client: SqlClient, entity: EntityRef): Promise<Held> => {
    const [row = {}] = await rowsOf(
      client,
      `WITH held AS (
         SELECT * FROM ${schema}.entity
         WHERE type = $1::text AND partition = $2::smallint AND id = $3::text FOR UPDATE)
       SELECT pg_current_xact_id()::text AS transaction, ${entityColumns('held')}
       FROM (VALUES (1)) AS one LEFT JOIN held ON true`,
      [entity.type, partitionOf(entity), entity.id],
    );
    const current = typeof row.version === 'string' ? ownedOfRow(row) : undefined;
    return { current, transaction: row.transaction ?? '' };
  };

  /** Writes the version and its event. Returns false if the row isn't the held one any more. */
  const write = async (
    client: SqlClient,
    { current, transaction }: Held,
    { entity, version, digest, schemaVersion, changedAt, stateJson, traceparent: trace }: OwnedEntity,
  ): Promise<boolean> => {
    const isDelta = !isHeartbeat(entity) && ownedContract(boundary, entity.type).deltas;
    const previous = isDelta ? current : undefined;
    const bytes = utf8Bytes(stateJson ?? '') + utf8Bytes(previous?.stateJson ?? '');
    const written = await rowsOf(
      client,
      `WITH changed AS (
         INSERT INTO ${schema}.entity AS e
           (type, partition, id, version, digest, schema_version, changed_at, state, traceparent)
         SELECT $1::text, $2::smallint, $3::text, $4::bigint, $5::text, $6::integer, $7::text::timestamptz, $8::text,
           $9::text
         WHERE pg_current_xact_id()::text = $10::text
         ON CONFLICT (type, partition, id) DO UPDATE SET version = excluded.version, digest = excluded.digest,
           schema_version = excluded.schema_version, changed_at = excluded.changed_at, state = excluded.state,
           traceparent = excluded.traceparent
         WHERE e.version = $11::bigint
         RETURNING 1)
       INSERT INTO ${schema}.outbox
         (lane, kind, type, id, version, digest, schema_version, changed_at, state, traceparent, previous,
          previous_state, bytes)
       SELECT $12::smallint, 'entity', $1::text, $3::text, $4::bigint, $5::text, $6::integer, $7::text::timestamptz,
         $8::text, $9::text, $13::text, $14::text, $15::integer FROM changed
       RETURNING seq::text`,
      [
        ...[entity.type, partitionOf(entity), entity.id, version, digest, schemaVersion, changedAt, stateJson ?? null],
        ...[trace ?? null, transaction, current?.version ?? 0, laneOf(entity)],
        ...[previous ? previousText(previous) : null, previous?.stateJson ?? null, bytes],
      ],
    );
    return written.length > 0;
  };

  /** Adds rows of the entity's table to the outbox, as whole states. Their lane is the parameter 4. */
  const publishWhole = (rows: string) =>
    `INSERT INTO ${schema}.outbox
       (lane, kind, type, id, version, digest, schema_version, changed_at, state, traceparent, bytes)
     SELECT $4::smallint, 'entity', type, id, version, digest, schema_version, changed_at, state, traceparent,
       coalesce(octet_length(state), 0) FROM ${rows}
     RETURNING seq::text`;

  return {
    /** Reads an entity without a lock. */
    async read(client: SqlClient, entity: EntityRef): Promise<OwnedEntity | undefined> {
      const [row] = await rowsOf(
        client,
        `SELECT ${entityColumns('e')} FROM ${schema}.entity AS e
         WHERE type = $1::text AND partition = $2::smallint AND id = $3::text`,
        [entity.type, partitionOf(entity), entity.id],
      );
      return row && ownedOfRow(row);
    },
    /** Commits the next version. Throws `VersionConflict` | `VersionsExhausted` | `NotInTransaction`. */
    async commit(
      client: SqlClient,
      entity: EntityRef,
      content: Content,
      expectedVersion?: number,
    ): Promise<CommitResult> {
      const changedAt = new Date(now()).toISOString();
      const change: Content = { ...content, changedAt };
      let before: string | undefined;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        const held = await hold(client, entity);
        if (before !== undefined && before !== held.transaction) throw notInTransaction(entity);
        before = held.transaction;
        const decided = decideCommit(entity, held.current, { digest: change.digest, expectedVersion }, epoch);
        if ('result' in decided) return decided.result;
        const { digest, schemaVersion, stateJson } = change;
        const { version } = decided;
        const owned = { entity, version, digest, schemaVersion, changedAt, stateJson, traceparent: traceparent() };
        if (await write(client, held, owned)) return committed(entity, held.current, digest, changedAt, epoch);
      }
      throw new Error(`${entityName(entity)} was changed by something that doesn't lock its row. Nothing was written.`);
    },
    /** Adds the current version to the outbox again. See `PostgresOwner.resync`. */
    async resync(client: SqlClient, entity: EntityRef, token: string): Promise<'requested' | 'unknown'> {
      const added = await rowsOf(
        client,
        `WITH held AS (
           SELECT * FROM ${schema}.entity
           WHERE type = $1::text AND partition = $2::smallint AND id = $3::text FOR UPDATE)
         INSERT INTO ${schema}.outbox
           (lane, kind, type, id, version, digest, schema_version, changed_at, state, traceparent, resync, bytes)
         SELECT $4::smallint, 'entity', type, id, version, digest, schema_version, changed_at, state, traceparent,
           $5::text, coalesce(octet_length(state), 0) FROM held
         RETURNING seq::text`,
        [entity.type, partitionOf(entity), entity.id, laneOf(entity), token],
      );
      return added.length === 0 ? 'unknown' : 'requested';
    },
    /** Raises a version into the epoch and publishes it. See `Owner.lift`. */
    async lift(client: SqlClient, entity: EntityRef, version: number): Promise<'lifted' | 'unchanged'> {
      const lifted = liftedVersion(version, epoch);
      if (lifted === version) return 'unchanged';
      const added = await rowsOf(
        client,
        `WITH lifted AS (
           UPDATE ${schema}.entity SET version = $5::bigint
           WHERE type = $1::text AND partition = $2::smallint AND id = $3::text AND version = $6::bigint RETURNING *)
         ${publishWhole('lifted')}`,
        [entity.type, partitionOf(entity), entity.id, laneOf(entity), lifted, version],
      );
      return added.length === 0 ? 'unchanged' : 'lifted';
    },
    /** Commits the deletion of an entity that has no row. See `Owner.bury`. */
    async bury(client: SqlClient, entity: EntityRef, cachedVersion: number): Promise<'buried' | 'known'> {
      const added = await rowsOf(
        client,
        `WITH buried AS (
           INSERT INTO ${schema}.entity (type, partition, id, version, digest, schema_version, changed_at, traceparent)
           VALUES ($1::text, $2::smallint, $3::text, $5::bigint, $6::text, $7::integer, $8::text::timestamptz, $9::text)
           ON CONFLICT (type, partition, id) DO NOTHING RETURNING *)
         ${publishWhole('buried')}`,
        [
          ...[entity.type, partitionOf(entity), entity.id, laneOf(entity), nextVersion(cachedVersion, epoch)],
          ...[TOMBSTONE_DIGEST, ownedContract(boundary, entity.type).schemaVersion],
          ...[new Date(now()).toISOString(), traceparent() ?? null],
        ],
      );
      return added.length === 0 ? 'known' : 'buried';
    },
  };
}

function notInTransaction(entity: EntityRef): FreshetError {
  return new FreshetError(
    `client: not in a transaction: ${entityName(entity)} was to be written. Begin a transaction with the client first, ` +
      'and pass a client of one connection, not a pool: the entity and its event must be committed together with ' +
      'your other writes.',
    { code: 'NotInTransaction', field: 'client', entity },
  );
}
