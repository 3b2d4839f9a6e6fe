import { createPostgresOwner } from 'freshet-aws/postgres';
import type pg from 'pg';
import stock from './contracts.ts';

const owner = createPostgresOwner({ boundary: stock });

/** The code of the service. Each function is one transaction: its own tables, the entity, and the fact. */
export function openArticles(pool: pg.Pool) {
  return {
    /** Adds to the stock of an article, which may be new. Returns the version of the entity. */
    receive: (id: string, name: string, quantity: number): Promise<number> =>
      inTransaction(pool, async (client) => {
        await client.query('INSERT INTO article VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = $2', [id, name]);
        await client.query(
          `INSERT INTO stock_level VALUES ($1, $2)
           ON CONFLICT (article_id) DO UPDATE SET on_hand = stock_level.on_hand + $2`,
          [id, quantity],
        );
        return putArticle(client, id);
      }),

    /** Reserves stock of an article. Fails if there is too little, and then nothing of it has happened. */
    reserve: (reservationId: string, id: string, quantity: number): Promise<number> =>
      inTransaction(pool, async (client) => {
        await client.query('INSERT INTO reservation VALUES ($1, $2, $3)', [reservationId, id, quantity]);
        // The key tells the reservations of an article apart: without it, the second one would be a known fact.
        await owner.publishFact(client, 'StockReserved', { reservationId, articleId: id }, { key: reservationId });
        await client.query('UPDATE stock_level SET reserved = reserved + $2 WHERE article_id = $1', [id, quantity]);
        return putArticle(client, id);
      }),
  };
}

/** Makes the entity of the service's own tables. The row of `stock_level` is locked, so no other writer changes it. */
async function putArticle(client: pg.PoolClient, id: string): Promise<number> {
  const { rows } = await client.query<{ name: string; on_hand: number; reserved: number }>(
    'SELECT name, on_hand, reserved FROM article JOIN stock_level ON article_id = id WHERE id = $1',
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`there is no article ${id}`);
  const { name, on_hand: onHand, reserved } = row;
  const { version } = await owner.put(client, 'Article', id, { name, onHand, reserved });
  return version;
}

async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}
