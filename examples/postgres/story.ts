import { setTimeout as pause } from 'node:timers/promises';
import type { Reader } from 'freshet-aws';
import type { Stage, Story } from 'freshet-local';
import pg from 'pg';
import { openArticles } from './stock/articles.ts';
import { database } from './stock/database.ts';

/** Articles in the database, at least 50. `.ci/run` sets a smaller number. */
const ARTICLES = Number(process.env.POSTGRES_ARTICLES ?? 1_000);
const WRITERS = 8;
/** How many invocations of the relay are killed, and what the writers do meanwhile. */
const KILLS = 20;
const KILL_EVERY_MS = 100;
/** Articles that all writers change at the same time. */
const HOT = 10;
/** Reservations while the relay is stopped. */
const LATE = 100;
const PATIENCE_MS = 2 * 60_000;

const id = (n: number) => `article-${n}`;

/** A service in PostgreSQL writes its tables and its events in one transaction, and another service caches them. */
const story: Story = async (stage) => {
  const { cloud, deployment, report } = stage;
  const { host, port, name } = database;
  const pool = new pg.Pool({ host, port, database: name, user: 'stock_service', max: WRITERS });
  const articles = openArticles(pool);
  const { deployed } = await deployment.ownerOf('Article');
  const { reader } = await deployment.cacheNamed('webshop');
  const relay = keepWaking(stage, deployed.relay);
  /** How often each article was changed. */
  const commits = new Map<string, number>();
  const receive = async (article: string, quantity: number) => {
    await articles.receive(article, `Name of ${article}`, quantity);
    commits.set(article, (commits.get(article) ?? 0) + 1);
  };
  try {
    report.heading(`${ARTICLES} articles, each in a transaction of the service's own tables and of the entity`);
    await sideBySide(ARTICLES, (n) => receive(id(n), 10));
    await equal(stage, pool, reader, commits, 'all articles are in the cache');

    report.heading('A transaction that is rolled back');
    const failed = await articles.reserve('too-many', id(0), 1_000).catch((error: Error) => error);
    claim(failed instanceof Error, 'a reservation of more than the stock fails');
    const { rows: left } = await pool.query(
      "SELECT id FROM reservation WHERE id = 'too-many' UNION ALL SELECT id FROM freshet.fact",
    );
    claim(left.length === 0, 'neither the reservation nor its fact is in the database');
    await equal(stage, pool, reader, commits, 'no change and no fact of it are left');

    report.heading(`${WRITERS} writers of the same ${HOT} articles, while invocations of the relay are killed`);
    const killing = { kills: 0 };
    await Promise.all([
      keepKilling(stage, deployed.relay, killing),
      sideBySide(WRITERS, async (writer) => {
        for (let n = 0; killing.kills < KILLS; n += 1) await receive(id((writer + n) % HOT), 1);
      }),
    ]);
    report.step(`${killing.kills} invocations were killed`);
    await equal(stage, pool, reader, commits, 'each version is the number of commits, without a hole');

    report.heading('A relay that stands still');
    cloud.functions.setReservedConcurrency(deployed.relay, 0);
    // An invocation that runs is not stopped.
    await cloud.idle();
    for (let n = 0; n < LATE; n += 1) {
      // Each article is reserved twice, and each reservation has a fact.
      const article = id(n % (LATE / 2));
      await articles.reserve(`reservation-${n}`, article, 1);
      commits.set(article, (commits.get(article) ?? 0) + 1);
    }
    const { rows } = await pool.query<{ count: string }>('SELECT count(seq) FROM freshet.outbox');
    const waiting = Number(rows[0]?.count);
    claim(waiting === 2 * LATE, `${2 * LATE} rows wait in the outbox, and not ${waiting}`);
    report.step(`${LATE} changes and ${LATE} facts wait in the outbox`);
    cloud.functions.setReservedConcurrency(deployed.relay, undefined);
    await equal(stage, pool, reader, commits, 'after its start, the cache has them all');
    await factsArrive(stage, pool);
    report.step(`the queue of the webshop has the ${LATE} facts of the reservations, each once`);
  } finally {
    relay.stop();
    await relay.ended;
    await pool.end();
  }
};

export default story;

/** Wakes the relay all the time, as writers do after their commits. */
function keepWaking({ cloud }: Stage, relay: string): { readonly ended: Promise<void>; stop(): void } {
  let isOn = true;
  const wake = async (): Promise<void> => {
    while (isOn) {
      await cloud.functions.invoke(relay, { wake: true });
      await pause(20);
    }
  };
  const stop = (): void => {
    isOn = false;
  };
  return { ended: wake(), stop };
}

/** Kills invocations of the relay, as if its machine failed, until `KILLS` have been killed. */
async function keepKilling({ cloud }: Stage, relay: string, killing: { kills: number }): Promise<void> {
  while (killing.kills < KILLS) {
    killing.kills += cloud.functions.kill(relay);
    await pause(KILL_EVERY_MS);
  }
}

/** Waits until the cache equals the service's own tables, and each version is the number of the article's commits. */
async function equal(
  { report }: Stage,
  pool: pg.Pool,
  reader: Reader,
  commits: ReadonlyMap<string, number>,
  when: string,
): Promise<void> {
  const wanted = await ownTables(pool, commits);
  const endMs = Date.now() + PATIENCE_MS;
  let differences: string[];
  do {
    await pause(100);
    const cached = new Map<string, string>();
    for await (const { id: article, version, value } of reader.listAll('Article'))
      cached.set(article, JSON.stringify({ version, ...value }));
    differences = [...wanted.keys(), ...cached.keys()].filter((one) => wanted.get(one) !== cached.get(one));
    report.progress('articles in the cache', wanted.size - differences.length, wanted.size);
  } while (differences.length > 0 && Date.now() < endMs);
  claim(differences.length === 0, `the cache equals the database: ${differences.slice(0, 5).join(', ')}`);
  report.step(when);
}

/** What a cache should have of each article, from the tables that the service had before Freshet. */
async function ownTables(pool: pg.Pool, commits: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.query<{ id: string; name: string; on_hand: number; reserved: number }>(
    'SELECT id, name, on_hand, reserved FROM article JOIN stock_level ON article_id = id',
  );
  return new Map(
    rows.map(({ id: article, name, on_hand: onHand, reserved }) => [
      article,
      JSON.stringify({ version: commits.get(article), name, onHand, reserved }),
    ]),
  );
}

/** Waits until the queue of facts has each committed reservation once, with its ids, and nothing else. */
async function factsArrive({ cloud }: Stage, pool: pg.Pool): Promise<void> {
  const queue = cloud.messaging.queues.list().find(({ name }) => name.includes('FactQueueQueueReservations'));
  const { rows } = await pool.query<{ id: string; article_id: string }>('SELECT id, article_id FROM reservation');
  const wanted = rows.map((row) => `${row.id} ${row.article_id}`).sort();
  const endMs = Date.now() + PATIENCE_MS;
  let found: readonly string[] = [];
  do {
    await pause(100);
    found = (queue?.visibleMessages() ?? []).map(({ body }) => factIn(body)).sort();
  } while (found.length < wanted.length && Date.now() < endMs);
  claim(wanted.length === LATE, `${LATE} reservations were committed, and not ${wanted.length}`);
  claim(found.join() === wanted.join(), `the queue has the committed facts, and not ${found.slice(0, 5)}`);
}

/** The ids of a fact, from a message of the queue. */
function factIn(body: string): string {
  const { data } = JSON.parse(body) as {
    readonly data: { readonly reservationId: string; readonly articleId: string };
  };
  return `${data.reservationId} ${data.articleId}`;
}

/** Works on many articles, several at once. */
async function sideBySide(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: WRITERS }, worker));
}

/** Ends the story with an error if a claim doesn't hold. @param message what should hold */
function claim(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(`the story's claim doesn't hold: ${message}`);
}
