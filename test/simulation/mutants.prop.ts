import { expect, test } from 'vitest';
import type { Check } from './checks.ts';
import { caught, MUTANTS } from './mutants.ts';

/** The checks that must find each planted bug. docs/reliability.md shows the result of a run. */
const SEEN_BY: Readonly<Record<string, readonly Check[]>> = {
  'unconditional write': ['stored-again', 'goes-back'],
  '<= for <': ['stored-again'],
  // Deltas have no base, so gaps never close either. A filled cache lacks the tombstones of its backfill.
  'hard delete': ['goes-back', 'stuck', 'not-ready'],
  'content-hash deduplication id': ['publication-dropped'],
  'only the failed id returned for its group': ['not-one-outcome'],
  'a group run in parallel': ['group-in-parallel'],
  'tombstone life too short': ['goes-back'],
  'sent again under the old deduplication id': ['publication-dropped'],
  'delta over a gap': ['wrong-content'],
  'superseded counted before the write': ['untrue-outcome'],
  'resync answered outside the stream': ['topic-order'],
  'throttling used up the budget': ['healthy-parked'],
  'age counted from the time of sending': ['parked-early'],
  'newer schema parked at once': ['parked-early'],
  'backfill while the filter changes': ['diverged'],
  'first heartbeat taken for a changed filter': ['diverged'],
  'newer schema never tried again': ['schema-forgotten'],
  'marker cleared too early': ['held-behind-nothing'],
  'ready noted with the last page': ['not-ready'],
  'page sent before its states are published': ['page-skipped'],
  // An inventory takes the skipped entities for unknown ones.
  'cursor moved on by a repeated request': ['page-skipped', 'falsely-lost'],
  'each page taken for a redelivered one': ['second-chain'],
  'lost page never asked for again': ['stuck'],
  'change in flight counted as lost': ['counted-in-flight'],
  'parked event counted as lost': ['counted-in-flight'],
  'inventory that trusts the version': ['diverged'],
  'delta on data changed by hand': ['wrong-content'],
  'addressee ignored by the filter': ['misaddressed'],
  'addressee missing': ['misaddressed'],
  'repair function deployed before the projector': ['not-ready'],
};

/**
 * The seeds with which the planted bugs are found that take the most seeds. They save a minute, and can be any seeds:
 * without them, the tests take longer.
 */
const FIRST_SEED: Readonly<Record<string, number>> = {
  'backfill while the filter changes': 28,
  'first heartbeat taken for a changed filter': 52,
  'repair function deployed before the projector': 6,
  'resync answered outside the stream': 7,
  'each page taken for a redelivered one': 2,
  'parked event counted as lost': 16,
  'delta on data changed by hand': 14,
  'cursor moved on by a repeated request': 11,
  'throttling used up the budget': 7,
};

test('every planted bug has a check that must find it', () => {
  expect(MUTANTS.map(({ name }) => name).sort()).toEqual(Object.keys(SEEN_BY).sort());
});

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('the mutant %s is caught', async (name, mutant) => {
  const found = await caught(mutant, FIRST_SEED[name]);
  expect(SEEN_BY[name]).toContain(found?.check);
});
