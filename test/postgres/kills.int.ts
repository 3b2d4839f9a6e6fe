import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SqlClient } from '../../adapters/postgres/sql-client.ts';
import { hasPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type KillRunResult, runWithKills } from './run-with-kills.ts';

/** The seed of the kills. Choose another one with `FRESHET_SEED=7 npm test`. */
const seed = Number(process.env.FRESHET_SEED ?? 20261201);

const KILLS = 100;

/** Least number of kills at each of the moments that matter. The machine decides on the order of the steps. */
const ENOUGH = 5;

/** Enough for several times the planned kills. */
const MAX_CHANGES = 20_000;

/** The time that a busy machine needs. */
const LONGEST_RUN_MS = 120_000;

describe.skipIf(!hasPostgres)(`writers and relays of an outbox under kills (seed ${seed})`, () => {
  let server: TestPostgres;
  let run: KillRunResult;

  beforeAll(async () => {
    server = await startPostgres();
    run = await runWithKills(server, { seed, kills: KILLS, maxChanges: MAX_CHANGES });
    console.log(summary(run));
  }, LONGEST_RUN_MS);
  afterAll(() => server?.stop());

  test('writers and relays are killed 100 times, at each step between a commit and its mark', () => {
    expect([...run.kills.values()].reduce((sum, one) => sum + one, 0)).toBe(KILLS);
    const killedAt = (where: RegExp) =>
      [...run.kills].reduce((sum, [name, count]) => sum + (where.test(name) ? count : 0), 0);
    expect(killedAt(/^writer (before|after) COMMIT/)).toBeGreaterThanOrEqual(ENOUGH);
    expect(killedAt(/^relay before publish/)).toBeGreaterThanOrEqual(ENOUGH);
    expect(killedAt(/^relay (after publish|before DELETE|after DELETE|before COMMIT)/)).toBeGreaterThanOrEqual(ENOUGH);
  });

  test('no change is without an event, and no event is without a change', () => {
    expect(run.committed.length).toBeGreaterThan(KILLS);
    expect(run.lost).toEqual([]);
    expect(run.invented).toEqual([]);
  });

  test('the versions of an entity are published in order', () => {
    expect(run.outOfOrder).toEqual([]);
  });

  test('the cache equals the owner', () => {
    expect(run.differing).toEqual([]);
    expect(run.cached).toBeGreaterThan(0);
  });

  test(
    'the mutant is caught: a relay that marks before it publishes loses versions',
    async () => {
      const marksFirst = (client: pg.Client): SqlClient => ({
        async query(text, values) {
          const answer = await client.query<{ seq: string }>(text, values);
          if (text.includes('bytes_before')) {
            for (const { seq } of answer.rows) await client.query('DELETE FROM freshet.outbox WHERE seq = $1', [seq]);
            await client.query('COMMIT');
            await client.query('BEGIN');
          }
          return answer;
        },
      });
      const mutant = await runWithKills(server, { seed, kills: 30, maxChanges: MAX_CHANGES, plant: marksFirst });
      expect(mutant.lost).not.toEqual([]);
    },
    LONGEST_RUN_MS,
  );
});

function summary({
  kills,
  committed,
  published,
  lost,
  invented,
  outOfOrder,
  differing,
  cached,
}: KillRunResult): string {
  const total = [...kills.values()].reduce((sum, one) => sum + one, 0);
  const where = [...kills].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name}: ${count}`);
  return [
    `kills (seed ${seed}): ${total}`,
    `  ${where.join(', ')}`,
    `  versions committed: ${committed.length}, published: ${published}, lost: ${lost.length}, without a change: ` +
      `${invented.length}, out of order: ${outOfOrder.length}, entities in the cache equal: ${cached}, ` +
      `differing: ${differing.length}`,
  ].join('\n');
}
