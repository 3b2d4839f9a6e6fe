import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeFolders } from '../local/provision/assembly-fixture.ts';
import { setTestCredentials } from '../support/credentials.ts';
import { type AdopterRun, runAdopterWithKills } from './run-adopter-with-kills.ts';

/** The seed of the writes. Choose another one with `FRESHET_SEED=7 npm run test:rehearsals -- adopter`. */
const seed = Number(process.env.FRESHET_SEED ?? 20261130);

const KILLS = 24;

const fates = ['withholdAnswer', 'withholdRequest'] as const;

/** The time that a busy machine needs. */
const LONGEST_RUN_MS = 180_000;

beforeAll(setTestCredentials);
afterAll(removeFolders);

describe(`an adopter that is killed in its batches and stopped, while its table is written (seed ${seed})`, () => {
  let run: AdopterRun;

  beforeAll(async () => {
    run = await runAdopterWithKills({ seed, kills: KILLS, every: 2, fates, stopEvery: 3 });
    console.log(`kills of the adopter (seed ${seed}):`, { ...run });
  }, LONGEST_RUN_MS);

  test('the adopter is killed before and after its writes of copies, and stopped in between', () => {
    expect(run.kills).toBeGreaterThanOrEqual(KILLS);
    expect(run.killsAfterWrite).toBeGreaterThanOrEqual(KILLS / 4);
    expect(run.kills - run.killsAfterWrite).toBeGreaterThanOrEqual(KILLS / 4);
    expect(run.stops).toBeGreaterThan(3);
  });

  test('no change is lost: the cache equals the table, deletions included, and nothing is set aside', () => {
    expect(run).toMatchObject({ differing: [], setAside: 0 });
  });

  test('no copy goes back', () => {
    expect(run.wentBack).toEqual([]);
  });
});

describe('mutants of an adopter under kills', () => {
  test(
    'the mutant is caught: a mapping that takes a killed invocation for a success loses changes',
    async () => {
      const reported = () => ({ ok: true, payload: { batchItemFailures: [] } }) as const;
      const run = await runAdopterWithKills({
        seed,
        kills: 3,
        every: 1,
        fates: fates.slice(1),
        stopEvery: 100,
        reported,
      });
      expect(run.differing).not.toEqual([]);
    },
    LONGEST_RUN_MS,
  );
});
