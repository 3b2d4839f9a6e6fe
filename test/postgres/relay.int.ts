import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPostgresOwner } from '../../adapters/postgres/owner.ts';
import { createOutboxRelay, type LaneResult } from '../../adapters/postgres/relay.ts';
import { createRelaying, type Relaying } from '../../adapters/postgres/relaying.ts';
import type { SqlClient } from '../../adapters/postgres/sql-client.ts';
import { parseEvent } from '../../core/event.ts';
import type { PublishResult, RelayOptions } from '../../core/relay/batch.ts';
import { laneOf, laneOfFact } from '../../core/relay/lanes.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import { hasPostgres, ownerDatabase, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { parts } from './boundary.ts';

const owner = createPostgresOwner({ boundary: parts });

type Publish = (messages: readonly OutgoingMessage[]) => Promise<readonly PublishResult[]>;

/** The result of relaying a lane that had rows. */
function reportOf(result: LaneResult | undefined) {
  if (result?.kind !== 'relayed') throw new Error(`not relayed: ${result?.kind}`);
  return result.report;
}

describe.skipIf(!hasPostgres)('the relay of an outbox', () => {
  let server: TestPostgres;
  let database: string;
  let admin: pg.Client;
  const open: pg.Client[] = [];

  const connect = async (role?: 'writer' | 'relay') => {
    const client = await server.connect(database, role && `${database}_${role}`);
    open.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    for (const client of open) await client.end();
    await server?.stop();
  });
  beforeEach(async () => {
    database = await ownerDatabase(server);
    admin = await connect();
  });

  const commit = async (work: () => Promise<unknown>, client: pg.Client = admin) => {
    await client.query('BEGIN');
    await work();
    await client.query('COMMIT');
  };
  const put = (id: string, price: number, client: pg.Client = admin) =>
    commit(() => owner.put(client, 'Part', id, { name: 'part', price }), client);
  const waiting = async () =>
    (
      await admin.query<{ id: string; version: string }>('SELECT id, version FROM freshet.outbox ORDER BY seq')
    ).rows.map(({ id, version }) => `${id}@${version}`);

  /** A relay that collects what it publishes, with its own connection. */
  const opened = async (options: { publish?: Publish; client?: SqlClient } = {}) => {
    const messages: OutgoingMessage[] = [];
    const facts: OutgoingMessage[] = [];
    const diverted: string[] = [];
    const answer: Publish = options.publish ?? (async (batch) => batch.map(() => ({ kind: 'published' })));
    const relay = createOutboxRelay({
      boundary: parts,
      schema: 'freshet',
      client: options.client ?? (await connect('relay')),
      ports: {
        publish: async (batch) => {
          const results = await answer(batch);
          messages.push(...batch.filter((_, index) => results[index]?.kind === 'published'));
          return results;
        },
        publishFacts: async (batch) => {
          facts.push(...batch);
          return batch.map(() => ({ kind: 'published' }));
        },
        divert: async (change, reason) => {
          const name = change.kind === 'committed' ? `${change.owned.entity.id}@${change.owned.version}` : change.kind;
          diverted.push(`${name} ${reason}`);
        },
      },
    });
    const published = () =>
      messages.map(({ body }) => {
        const event = parseEvent(body);
        return 'reason' in event ? event.reason : `${event.entity.id}@${event.version}`;
      });
    const pass = async (relayOptions?: RelayOptions) => {
      const results: LaneResult[] = [];
      for (const lane of await relay.lanes()) results.push(await relay.relayLane(lane, relayOptions));
      return results;
    };
    return { relay, pass, published, messages, facts, diverted };
  };

  describe('commits that become visible out of the order of their numbers', () => {
    /** Commits two changes of which the one with the lower number becomes visible last. */
    const commitLate = async (between: () => Promise<unknown>) => {
      const slow = await connect('writer');
      await slow.query('BEGIN');
      await owner.put(slow, 'Part', 'slow', { name: 'part' });
      await put('fast', 1);
      const { rows } = await admin.query('SELECT id FROM freshet.outbox');
      expect(rows).toEqual([{ id: 'fast' }]);
      await between();
      await slow.query('COMMIT');
      const { rows: left } = await admin.query<{ lower: boolean }>(
        "SELECT seq < 2 AS lower FROM freshet.outbox WHERE id = 'slow'",
      );
      expect(left).toEqual([{ lower: true }]);
    };

    test('a change that becomes visible late is published', async () => {
      const { pass, published } = await opened();
      await commitLate(pass);
      await pass();
      expect(published()).toEqual(['fast@1', 'slow@1']);
      expect(await waiting()).toEqual([]);
    });

    test('the mutant is caught: a relay that goes on after the highest number that it has seen loses it', async () => {
      const connection = await connect('relay');
      let highest = 0;
      const byNumber: SqlClient = {
        async query(text, values) {
          const after = text.replaceAll(
            'FROM freshet.outbox AS o WHERE',
            `FROM freshet.outbox AS o WHERE o.seq > ${highest} AND`,
          );
          const answer = await connection.query<{ seq?: string }>(after, values);
          if (text.includes('bytes_before')) highest = Math.max(highest, ...answer.rows.map(({ seq }) => Number(seq)));
          return answer;
        },
      };
      const { pass, published } = await opened({ client: byNumber });
      await commitLate(pass);
      await pass();
      expect(published()).toEqual(['fast@1']);
      expect(await waiting()).toEqual(['slow@1']);
    });
  });

  describe('two relays at once', () => {
    /** Starts a relay that stops in the middle of its first publication until it is let go. */
    const stalled = async (client?: SqlClient) => {
      let letGo = () => {};
      const gate = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      let begun = () => {};
      const isPublishing = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const order: string[] = [];
      const note = (batch: readonly OutgoingMessage[]) => {
        order.push(...batch.map(({ deduplicationId }) => deduplicationId));
        return batch.map(() => ({ kind: 'published' }) as const);
      };
      const slow = await opened({
        ...(client && { client }),
        publish: async (batch) => {
          begun();
          await gate;
          return note(batch);
        },
      });
      const quick = (other?: SqlClient) =>
        opened({ ...(other && { client: other }), publish: async (batch) => note(batch) });
      return { slow, quick, isPublishing, letGo, order };
    };
    /** An id in another lane than `a`. */
    const elsewhere = ['b', 'c', 'd', 'e'].find(
      (id) => laneOf({ type: 'Part', id }) !== laneOf({ type: 'Part', id: 'a' }),
    );

    test('the second one leaves the lane of the first, and takes the others', async () => {
      const { slow, quick, isPublishing, letGo, order } = await stalled();
      await put('a', 1);
      const first = slow.pass();
      await isPublishing;
      await put('a', 2);
      await put(elsewhere ?? '', 1);
      const second = await quick();
      expect((await second.pass()).map(({ kind }) => kind).sort()).toEqual(['busy', 'relayed']);
      letGo();
      await first;
      expect((await second.pass()).map(({ kind }) => kind)).toEqual(['relayed']);
      expect(order).toEqual([`Part/${elsewhere}@1`, 'Part/a@1', 'Part/a@2']);
    });

    test('the mutant is caught: relays that skip each other’s locked rows publish an entity out of order', async () => {
      const skipping = (client: pg.Client): SqlClient => ({
        query: (text, values) =>
          client.query(
            text
              .replace(
                'pg_try_advisory_xact_lock($1::integer, $2::integer)::text',
                "('true' || left($1::text || $2::text, 0))",
              )
              .replace('LIMIT 500)', 'LIMIT 500 FOR UPDATE OF o SKIP LOCKED)'),
            values,
          ),
      });
      const { slow, quick, isPublishing, letGo, order } = await stalled(skipping(await connect()));
      await put('a', 1);
      const first = slow.pass();
      await isPublishing;
      await put('a', 2);
      await (await quick(skipping(await connect()))).pass();
      letGo();
      await first;
      expect(order).toEqual(['Part/a@2', 'Part/a@1']);
    });

    test('a relay that publishes holds up neither writers nor vacuum', async () => {
      const connection = await connect('relay');
      const { slow, isPublishing, letGo } = await stalled(connection);
      await put('a', 1);
      const first = slow.pass();
      await isPublishing;
      const { rows } = await admin.query(
        'SELECT state, backend_xid, backend_xmin FROM pg_stat_activity WHERE usename = $1',
        [`${database}_relay`],
      );
      expect(rows).toEqual([{ state: 'idle in transaction', backend_xid: null, backend_xmin: null }]);
      await put('a', 2);
      letGo();
      await first;
      expect(await waiting()).toEqual(['a@2']);
    });

    test('the lane of a relay whose connection ends is free again', async () => {
      const connection = await connect('relay');
      const { slow, quick, isPublishing, letGo } = await stalled(connection);
      await put('a', 1);
      const first = slow.pass();
      await isPublishing;
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
        `${database}_relay`,
      ]);
      const failed = expect(first).rejects.toThrow();
      const second = await quick();
      await expect.poll(async () => (await second.pass()).map(({ kind }) => kind)).toContain('relayed');
      letGo();
      await failed;
      expect(await waiting()).toEqual([]);
    });
  });

  describe('heartbeats', () => {
    const beat = () => commit(() => owner.beat(admin, 'Part'));
    const failing: Publish = async (batch) =>
      batch.map(({ groupId }) =>
        groupId === 'Part/a' ? { kind: 'failed', message: 'throttled' } : { kind: 'published' },
      );

    test('a heartbeat waits for a change before it that failed, and not for a later one', async () => {
      await put('a', 1);
      await beat();
      const broken = await opened({ publish: failing });
      await broken.pass();
      expect(broken.published()).toEqual([]);
      const { pass, published } = await opened();
      await pass();
      expect(published()).toEqual(['a@1', 'freshet:heartbeat@1']);
      await beat();
      await put('a', 2);
      const brokenAgain = await opened({ publish: failing });
      await brokenAgain.pass();
      expect(brokenAgain.published()).toEqual(['freshet:heartbeat@2']);
    });

    test('a heartbeat waits for a change that another relay is publishing', async () => {
      await put('a', 1);
      await beat();
      const busy = await connect('relay');
      await busy.query('BEGIN');
      await busy.query('DELETE FROM freshet.outbox WHERE id = $1', ['a']);
      const { relay, published } = await opened();
      const lanes = await relay.lanes();
      expect((await relay.relayLane(lanes.at(-1) ?? 0)).kind).toBe('empty');
      await busy.query('COMMIT');
      expect((await relay.relayLane(lanes.at(-1) ?? 0)).kind).toBe('relayed');
      expect(published()).toEqual(['freshet:heartbeat@1']);
    });
  });

  test('a change that fails stays with its followers, and the other entities go on', async () => {
    for (const price of [1, 2]) {
      await put('a', price);
      await put('b', price);
    }
    const broken = await opened({
      publish: async (batch) =>
        batch.map(({ groupId }) => ({ kind: groupId === 'Part/a' ? 'failed' : 'published', message: 'throttled' })),
    });
    await broken.pass();
    expect(broken.published()).toEqual(['b@1', 'b@2']);
    expect(await waiting()).toEqual(['a@1', 'a@2']);
    const { pass, published } = await opened();
    await pass();
    expect(published()).toEqual(['a@1', 'a@2']);
  });

  test('rows that can never be published are set aside with their reason, and the others go on', async () => {
    await put('a', 1);
    await put('b', 1);
    await put('c', 1);
    await admin.query("UPDATE freshet.outbox SET state = '{}' WHERE id = 'a'");
    await admin.query("UPDATE freshet.outbox SET type = 'Stranger' WHERE id = 'b'");
    await admin.query("UPDATE freshet.outbox SET digest = NULL WHERE id = 'c'");
    await put('d', 1);
    const { pass, published, diverted } = await opened();
    await pass();
    expect(diverted.sort()).toEqual(['a@1 unreadable', 'b@1 unknown-type', 'unpublishable unreadable']);
    expect(published()).toEqual(['d@1']);
    expect(await waiting()).toEqual([]);
  });

  test('facts go to the topic of facts', async () => {
    await commit(() => owner.publishFact(admin, 'PartOrdered', { orderId: 'o1', partId: 'a' }));
    const { pass, facts, messages } = await opened();
    const [result] = await pass();
    expect(result).toMatchObject({ of: 'facts' });
    expect(messages).toEqual([]);
    expect(facts).toMatchObject([{ groupId: 'orderId/o1', deduplicationId: 'PartOrdered/o1', type: 'PartOrdered' }]);
    expect(JSON.parse(facts[0]?.body ?? '')).toMatchObject({ data: { orderId: 'o1', partId: 'a' } });
    expect(laneOfFact('orderId/o1')).toBeGreaterThanOrEqual(8);
  });

  test('while the relay lags, several versions of an entity leave as one', async () => {
    for (let price = 1; price <= 5; price += 1) await put('a', price);
    const { pass, published } = await opened();
    const [result] = await pass({ conflate: true });
    expect(published()).toEqual(['a@5']);
    expect(reportOf(result)).toMatchObject({ published: 1, conflated: 4 });
    expect(await waiting()).toEqual([]);
  });

  test('large states are taken in parts, each row once and in order', async () => {
    for (let price = 1; price <= 5; price += 1) {
      await commit(() => owner.put(admin, 'Shelf', 'large', { note: `${price} ${'long '.repeat(800_000)}` }));
    }
    const { pass, published } = await opened();
    expect(reportOf((await pass({ readsCompressed: true }))[0]).published).toBeLessThan(5);
    while ((await waiting()).length > 0) await pass({ readsCompressed: true });
    expect(published()).toEqual([1, 2, 3, 4, 5].map((version) => `large@${version}`));
  });

  test('an outbox says how much waits, and how long', async () => {
    const { relay, pass } = await opened();
    expect(await relay.backlog()).toEqual({ rows: 0, ageSeconds: 0 });
    await put('a', 1);
    await put('a', 2);
    await admin.query("UPDATE freshet.outbox SET added_at = added_at - interval '1 hour' WHERE version = 1");
    const { rows, ageSeconds } = await relay.backlog();
    expect(rows).toBe(2);
    expect(Math.round(ageSeconds / 60)).toBe(60);
    await pass();
    expect(await relay.backlog()).toEqual({ rows: 0, ageSeconds: 0 });
  });

  test('an outbox through which many changes go stays small', async () => {
    const { pass } = await opened();
    const size = async () => {
      // What autovacuum does after 2,000 deletions. It looks once a minute, which is too long for a test.
      await admin.query('VACUUM freshet.outbox');
      const { rows } = await admin.query<{ size: string }>("SELECT pg_total_relation_size('freshet.outbox') AS size");
      return Number(rows[0]?.size);
    };
    const sizes: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await commit(async () => {
        for (let id = 0; id < 250; id += 1)
          await owner.put(admin, 'Part', String(id), { name: 'part', price: round + 2 });
      });
      await pass();
      sizes.push(await size());
    }
    expect(await waiting()).toEqual([]);
    expect(sizes.at(-1)).toBeLessThanOrEqual((sizes[1] ?? 0) * 1.2);
    const { rows } = await admin.query(
      "SELECT array_to_string(reloptions, ' ') AS options FROM pg_class WHERE relname = 'outbox'",
    );
    expect(JSON.stringify(rows)).toContain('autovacuum_vacuum_scale_factor=0 autovacuum_vacuum_threshold=2000');
  });

  describe('an invocation of the function', () => {
    /** Runs an invocation on the database of the test, and collects what it publishes. */
    const invoked = async (work: Relaying, onPass: (pass: number) => Promise<void> = async () => {}) => {
      const published: string[] = [];
      const backlogs: number[] = [];
      let passes = 0;
      const relay = createRelaying({
        boundary: parts,
        schema: 'freshet',
        ports: {
          publish: async (batch) => {
            published.push(...batch.map(({ deduplicationId }) => deduplicationId));
            return batch.map(() => ({ kind: 'published' }));
          },
          divert: () => Promise.reject(new Error('nothing is to be set aside')),
        },
        relayOptions: async () => {
          passes += 1;
          await onPass(passes);
          return {};
        },
        reports: { entities: () => {}, facts: () => {}, backlog: ({ rows }) => backlogs.push(rows) },
      });
      await relay(await connect('relay'), work);
      return { published, backlogs, passes };
    };

    test('a woken one publishes what waits, and ends when nothing waits', async () => {
      await put('a', 1);
      const work = { beats: false, isOver: () => false, staysIdle: () => false };
      const { published, backlogs } = await invoked(work);
      expect(published).toEqual(['Part/a@1']);
      expect(backlogs).toEqual([]);
    });

    test('a scheduled one reports the backlog, commits heartbeats, and goes on with what is committed meanwhile', async () => {
      await put('a', 1);
      let isOver = false;
      const { published, backlogs } = await invoked(
        { beats: true, isOver: () => isOver, staysIdle: () => true },
        async (pass) => {
          if (pass === 3) await put('late', 1);
          if (pass === 5) isOver = true;
        },
      );
      expect(backlogs).toEqual([1]);
      expect(published.slice(0, 1)).toEqual(['Part/a@1']);
      expect(published.slice(1, 3).sort()).toEqual(['Part/freshet:heartbeat@1', 'Shelf/freshet:heartbeat@1']);
      expect(published.slice(3)).toEqual(['Part/late@1']);
    });

    test('one whose time is up takes no lane any more', async () => {
      await put('a', 1);
      const { published } = await invoked({ beats: false, isOver: () => true, staysIdle: () => true });
      expect(published).toEqual([]);
      expect(await waiting()).toEqual(['a@1']);
    });
  });

  test('a relay limits its idle transactions, unless its user has a limit', async () => {
    const texts = async () => {
      const connection = await connect('relay');
      const sent: string[] = [];
      const client: SqlClient = {
        query: (text, values) => {
          sent.push(text);
          return connection.query(text, values);
        },
      };
      await put('a', sent.length + Date.now());
      await (await opened({ client })).pass();
      return sent.filter((text) => /\bSET\b/.test(text));
    };
    expect(await texts()).toEqual(['BEGIN; SET LOCAL idle_in_transaction_session_timeout = 60000']);
    await admin.query(`ALTER ROLE ${database}_relay SET idle_in_transaction_session_timeout = '30s'`);
    expect(await texts()).toEqual([]);
  });
});
