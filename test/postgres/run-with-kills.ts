import { Socket } from 'node:net';
import pg from 'pg';
import { createPostgresOwner } from '../../adapters/postgres/owner.ts';
import { createOutboxRelay } from '../../adapters/postgres/relay.ts';
import type { SqlClient } from '../../adapters/postgres/sql-client.ts';
import { messageGroupId } from '../../core/entity.ts';
import { parseEvent } from '../../core/event.ts';
import { projectBatch } from '../../core/project/batch.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import { drawn } from '../kills/plan.ts';
import { inMemoryCache, projectionOf } from '../support/in-memory-cache.ts';
import { ownerDatabase, type TestPostgres } from '../support/postgres.ts';
import workshop, { parts } from './boundary.ts';

const ENTITIES = 12;
const WRITERS = 3;
const RELAYS = 2;

/**
 * Share of an actor's steps at which it is killed while kills are due. Most kills are to happen between a version's
 * publication and the mark, which are few of all steps.
 */
const KILL_SHARE = { elsewhere: 0.008, critical: 0.05 };

function shareOf(where: string): number {
  return /publish|DELETE|COMMIT/.test(where) ? KILL_SHARE.critical : KILL_SHARE.elsewhere;
}

export interface KillRunOptions {
  readonly seed: number;
  /** Number of kills of writers and of relays, together. */
  readonly kills: number;
  /** Most changes in which the kills must happen. */
  readonly maxChanges: number;
  /** A planted bug: changes what a relay's statements do. Default: none. */
  readonly plant?: (client: pg.Client) => SqlClient;
}

/** The result of a run. */
export interface KillRunResult {
  /** By where the actor was killed, such as `relay after publish`. */
  readonly kills: ReadonlyMap<string, number>;
  /** Changes that were committed, as `Part/1@3 digest`, by a trigger of the database. */
  readonly committed: readonly string[];
  readonly published: number;
  /** Changes without an event, and events without a change. */
  readonly lost: readonly string[];
  readonly invented: readonly string[];
  /** Versions whose first publication came after that of a later version of the same entity. */
  readonly outOfOrder: readonly string[];
  /** Entities whose version or digest in the cache differs from the owner's. */
  readonly differing: readonly string[];
  readonly cached: number;
}

class Killed extends Error {
  override readonly name = 'Killed';
}

/** Writers and relays of one owner, each killed at seeded moments by cutting its connection for good. */
export async function runWithKills(server: TestPostgres, options: KillRunOptions): Promise<KillRunResult> {
  const database = await ownerDatabase(server);
  const admin = await server.connect(database);
  await recordHistory(admin);
  const kills = new Map<string, number>();
  const killed = () => [...kills.values()].reduce((sum, one) => sum + one, 0);
  const owner = createPostgresOwner({ boundary: parts });
  const messages: OutgoingMessage[] = [];
  let step = 0;
  let changes = 0;
  let isWriting = true;

  /** Decides whether an actor dies now. The seed decides; the order of the actors' steps is the machine's. */
  const dies = (where: string): boolean => {
    step += 1;
    if (!isWriting || killed() >= options.kills || drawn(options.seed, step) >= shareOf(where)) return false;
    kills.set(where, (kills.get(where) ?? 0) + 1);
    return true;
  };

  /** Connects, and lets the connection be cut before or after any statement. */
  const connect = async (actor: 'writer' | 'relay') => {
    const socket = new Socket();
    const { host, port } = server;
    const client = new pg.Client({ host, port, database, user: 'administrator', stream: () => socket });
    client.on('error', () => undefined);
    await client.connect();
    const cut = (): never => {
      socket.destroy();
      throw new Killed(actor);
    };
    const planted = (actor === 'relay' ? options.plant?.(client) : undefined) ?? client;
    const mortal: SqlClient = {
      async query(text, values) {
        const what = nameOf(text);
        if (dies(`${actor} before ${what}`)) cut();
        const answer = await planted.query(text, values);
        if (dies(`${actor} after ${what}`)) cut();
        return answer;
      },
    };
    return { client: mortal, cut, end: () => client.end().catch(() => undefined) };
  };

  /** Gives a new connection to an actor each time that it was killed. */
  const keepAlive = async (actor: 'writer' | 'relay', isDone: () => boolean, live: (by: Actor) => Promise<void>) => {
    while (!isDone()) {
      const by = await connect(actor);
      try {
        while (!isDone()) await live(by);
      } catch (error) {
        if (!(error instanceof Killed) && !isConnectionLost(error)) throw error;
      }
      await by.end();
    }
  };
  type Actor = Awaited<ReturnType<typeof connect>>;

  const write = async ({ client }: Actor): Promise<void> => {
    changes += 1;
    const id = String(Math.floor(drawn(options.seed, 'entity', changes) * ENTITIES));
    const isDeletion = drawn(options.seed, 'delete', changes) < 0.1;
    await client.query('BEGIN');
    if (isDeletion) await owner.delete(client, 'Part', id);
    else await owner.put(client, 'Part', id, { name: 'a part with a long name '.repeat(10), price: changes });
    await client.query('COMMIT');
  };

  const relayOnce = async ({ client, cut }: Actor): Promise<void> => {
    const publish = async (batch: readonly OutgoingMessage[]) => {
      if (dies('relay before publish')) cut();
      messages.push(...batch);
      // The topic answers later, so another relay's call may come between.
      await new Promise(setImmediate);
      if (dies('relay after publish')) cut();
      return batch.map(() => ({ kind: 'published' }) as const);
    };
    const ports = { publish, divert: () => Promise.reject(new Error('nothing is to be set aside')) };
    const relay = createOutboxRelay({ boundary: parts, schema: 'freshet', client, ports });
    for (const lane of await relay.lanes()) await relay.relayLane(lane);
  };

  const isWritten = () => !isWriting;
  const writers = Array.from({ length: WRITERS }, () =>
    keepAlive('writer', isWritten, async (by) => {
      if (killed() >= options.kills || changes >= options.maxChanges) isWriting = false;
      else await write(by);
    }),
  );
  const relays = Array.from({ length: RELAYS }, () => keepAlive('relay', isWritten, relayOnce));
  await Promise.all([...writers, ...relays]);
  const last = await connect('relay');
  for (let left = 1; left > 0; ) {
    await relayOnce(last);
    const { rows } = await admin.query<{ left: string }>('SELECT count(*) AS left FROM freshet.outbox');
    left = Number(rows[0]?.left);
  }
  await last.end();
  const result = await compared(admin, messages);
  await admin.end();
  return { ...result, kills };
}

/** Every committed change, as the database itself saw it. */
async function recordHistory(admin: pg.Client): Promise<void> {
  await admin.query(`
    CREATE TABLE history (change text PRIMARY KEY);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO history VALUES (NEW.type || '/' || NEW.id || '@' || NEW.version || ' ' || NEW.digest);
        RETURN NEW;
      END $$;
    CREATE TRIGGER noted AFTER INSERT OR UPDATE ON freshet.entity FOR EACH ROW EXECUTE FUNCTION note();`);
}

async function compared(admin: pg.Client, messages: readonly OutgoingMessage[]) {
  const committed = (await admin.query<{ change: string }>('SELECT change FROM history')).rows.map((row) => row.change);
  const events = messages.map(({ body }) => {
    const event = parseEvent(body);
    if ('reason' in event) throw new Error(`not an event: ${event.reason}`);
    return event;
  });
  const published = new Set(
    events.map(({ entity, version, digest }) => `${entity.type}/${entity.id}@${version} ${digest}`),
  );
  const newest = new Map<string, number>();
  const seen = new Set<string>();
  const outOfOrder: string[] = [];
  for (const { entity, version } of events) {
    const name = `${entity.id}@${version}`;
    if (!seen.has(name) && version < (newest.get(entity.id) ?? 0)) outOfOrder.push(name);
    seen.add(name);
    newest.set(entity.id, Math.max(version, newest.get(entity.id) ?? 0));
  }
  const known = new Set(committed);
  const cache = inMemoryCache();
  await projectAll(cache, messages);
  const { rows } = await admin.query<{ id: string; version: string; digest: string }>(
    'SELECT id, version, digest FROM freshet.entity',
  );
  const differing = rows.filter(({ id, version, digest }) => {
    const item = cache.stored.get(messageGroupId({ type: 'Part', id }));
    return item?.version !== Number(version) || item.digest !== digest;
  });
  return {
    committed,
    published: messages.length,
    lost: committed.filter((change) => !published.has(change)),
    invented: [...published].filter((change) => !known.has(change)),
    outOfOrder,
    differing: differing.map(({ id }) => id),
    cached: rows.length - differing.length,
  };
}

/** Projects the messages as a queue delivers them, in batches of ten. */
async function projectAll(
  cache: ReturnType<typeof inMemoryCache>,
  messages: readonly OutgoingMessage[],
): Promise<void> {
  const nowMs = Date.now();
  const projection = projectionOf(workshop, cache.ports, nowMs);
  const received = messages.map(({ body, groupId }, index) => ({
    ...{ messageId: `m${index}`, groupId, sequenceNumber: String(index).padStart(20, '0'), body },
    ...{ receiveCount: 1, sentAtMs: nowMs, firstReceivedAtMs: nowMs },
  }));
  for (let from = 0; from < received.length; from += 10)
    await projectBatch(projection, received.slice(from, from + 10));
}

function nameOf(text: string): string {
  if (text.includes('pg_try_advisory_xact_lock')) return 'lock';
  if (text.includes('bytes_before')) return 'take';
  if (text.includes('FOR UPDATE')) return 'hold';
  if (text.includes('WITH changed')) return 'write';
  return text.trim().split(/\s/)[0] ?? '';
}

function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && /Connection terminated|not queryable|ECONNRESET|closed/.test(error.message);
}
