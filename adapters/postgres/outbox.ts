import * as z from 'zod/mini';
import { sha256 } from '../../core/entity.ts';
import { HEARTBEAT_LANE } from '../../core/relay/lanes.ts';
import type { StreamChange } from '../../core/relay/message.ts';
import { entityColumns, ownedOfRow, previousOfRow } from './rows.ts';
import { type Row, rowsOf, type SqlClient } from './sql-client.ts';

/** Most rows that a relay takes at once. */
const MAX_ROWS = 500;

/**
 * Most bytes of states that a relay takes at once, beyond one row. With their messages they take a few times as much
 * memory.
 */
const MAX_BYTES = 8 * 1024 * 1024;

/** Above this number, the rows of an outbox aren't counted exactly, because counting takes time in proportion. */
const MAX_COUNTED = 100_000;

/** What waits in an outbox. */
export interface OutboxBacklog {
  /** Number of rows, at most 100,000. */
  readonly rows: number;
  /** How long the oldest row has waited, in seconds, by the database's clock. */
  readonly ageSeconds: number;
}

/** A row of the outbox: what it publishes, and its number, by which it is deleted. */
export type OutboxRow = StreamChange;

/** Creates the statements of an owner's outbox. `take` and `remove` run in one transaction. */
export function createOutbox(schema: string) {
  // Locks with two numbers have a space of their own. The first number keeps the schemas of a database apart.
  const lockSpace = Buffer.from(sha256(`freshet outbox ${schema}`), 'base64url').readInt32BE(0);
  const columns =
    `o.seq::text, o.kind, ${entityColumns('o')}, o.previous, o.previous_state, o.resync, ` +
    // An owner's facts have the boundary's name, which the caller knows.
    'o.lane::text';

  /** Heartbeats wait for every visible row that was added before them; see docs/decisions/60. */
  const isDue = `NOT EXISTS (
    SELECT FROM generate_series(0, ${HEARTBEAT_LANE - 1}) AS other
    WHERE EXISTS (SELECT FROM ${schema}.outbox AS b WHERE b.lane = other::smallint AND b.seq < o.seq))`;

  return {
    /** The lanes that have rows, in the order in which a relay takes them. */
    async lanes(client: SqlClient): Promise<number[]> {
      const rows = await rowsOf(
        client,
        `SELECT l::text AS lane FROM generate_series(0, ${HEARTBEAT_LANE}) AS l
         WHERE EXISTS (SELECT FROM ${schema}.outbox AS o WHERE o.lane = l::smallint) ORDER BY l`,
      );
      return rows.map(({ lane }) => Number(lane));
    },
    /**
     * Takes a lane until the transaction ends. Returns false if another relay has it. The lock writes nothing to the
     * table, is bound to no session, and ends with the connection.
     */
    async lock(client: SqlClient, lane: number): Promise<boolean> {
      const [row] = await rowsOf(client, `SELECT pg_try_advisory_xact_lock($1::integer, $2::integer)::text AS taken`, [
        lockSpace,
        lane,
      ]);
      return row?.taken === 'true';
    },
    /**
     * Returns the first rows of a lane. It must be a statement of its own, after the lock: a statement that began
     * before the lock was free would still see the rows that the other relay has published and deleted. It has no
     * parameters, so that node-postgres sends it as a simple query: a statement with parameters keeps its snapshot
     * until the next one, and would hold up vacuum while the relay publishes.
     */
    async take(client: SqlClient, lane: number): Promise<OutboxRow[]> {
      const rows = await rowsOf(
        client,
        `SELECT ${columns} FROM (
           SELECT w.*, sum(w.bytes) OVER (ORDER BY w.seq) - w.bytes AS bytes_before
           FROM (SELECT o.* FROM ${schema}.outbox AS o
             WHERE o.lane = ${Number(lane)}${lane === HEARTBEAT_LANE ? ` AND ${isDue}` : ''}
             ORDER BY o.seq LIMIT ${MAX_ROWS}) AS w) AS o
         WHERE o.bytes_before < ${MAX_BYTES} ORDER BY o.seq`,
      );
      return rows.map(changeOfRow);
    },
    /** Deletes rows that were published or set aside. */
    async remove(client: SqlClient, lane: number, numbers: readonly string[]): Promise<void> {
      await client.query(
        `DELETE FROM ${schema}.outbox WHERE lane = $1::smallint
         AND seq IN (SELECT value::bigint FROM json_array_elements_text($2::text::json))`,
        [lane, JSON.stringify(numbers)],
      );
    },
    /** What waits. */
    async backlog(client: SqlClient): Promise<OutboxBacklog> {
      const [row = {}] = await rowsOf(
        client,
        `SELECT (SELECT count(*) FROM (SELECT FROM ${schema}.outbox LIMIT ${MAX_COUNTED}) AS counted)::text AS rows,
           coalesce(extract(epoch FROM clock_timestamp() - (
             SELECT min(oldest.added_at) FROM generate_series(0, ${HEARTBEAT_LANE}) AS l
             CROSS JOIN LATERAL (SELECT added_at FROM ${schema}.outbox AS o WHERE o.lane = l::smallint
               ORDER BY o.seq LIMIT 1) AS oldest)), 0)::text AS age`,
      );
      return { rows: Number(row.rows), ageSeconds: Math.max(0, Number(row.age)) };
    },
  };
}

const factIds = z.record(z.string(), z.string());

/** Reads a row of the outbox. Any row gives a change that the relay counts. */
function changeOfRow(row: Row): OutboxRow {
  const sequenceNumber = row.seq ?? '';
  try {
    if (row.kind === 'fact') {
      const { type, id, changed_at: occurredAt, state } = row;
      const fact = z
        .object({ type: z.string(), id: z.string(), occurredAt: z.string() })
        .parse({ type, id, occurredAt });
      return {
        sequenceNumber,
        kind: 'fact',
        fact: { ...fact, owner: '', data: factIds.parse(JSON.parse(state ?? '')) },
      };
    }
    const resync = row.resync ?? undefined;
    return { sequenceNumber, kind: 'committed', owned: ownedOfRow(row), previous: previousOfRow(row), resync };
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: not a row that the owner wrote` : 'unreadable';
    return { sequenceNumber, kind: 'unpublishable', reason: 'unreadable', message };
  }
}
