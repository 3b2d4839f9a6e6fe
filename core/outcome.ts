/** The outcomes of an event at a cache. Every event ends with exactly one of them, and each is counted. */
export const OUTCOMES = [
  'applied',
  'superseded',
  'duplicate',
  'outdated',
  'gap',
  'discarded',
  'parked',
  'held',
] as const;

/**
 * How an event ended at a cache.
 *
 * - `applied`: the event was stored
 * - `superseded`: a newer event of the same batch was stored instead
 * - `duplicate`: the cache stores the same version with the same digest
 * - `outdated`: the cache stores a newer version
 * - `gap`: a delta whose previous version the cache doesn't store; the cache asked the owner for the whole state
 * - `discarded`: poison, dropped
 * - `parked`: poison, stored in the parking table with its reason
 * - `held`: stored in the parking table, in order, because the entity is stopped
 */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * Why an event can't be applied.
 *
 * - `malformed`: it can't be read
 * - `unknown-type`: the cache doesn't keep its type
 * - `wrong-owner`: its publisher doesn't own the type
 * - `wrong-group`: its message group isn't that of its entity
 * - `newer-schema`: the cache still didn't know its schema version after the declared wait
 * - `invalid`: it doesn't meet the schema, or its upcast failed
 * - `too-old`: it was published longer ago than the cache remembers deletions
 * - `conflict`: the cache stores the same version with another digest, so immutability was broken
 * - `unstorable`: the cache's table can't store it
 * - `retries-exhausted`: it failed for longer and more often than the retry budget allows
 * - `crashed`: the projector crashed on it
 */
export const POISON_REASONS = [
  'malformed',
  'unknown-type',
  'wrong-owner',
  'wrong-group',
  'newer-schema',
  'invalid',
  'too-old',
  'conflict',
  'unstorable',
  'retries-exhausted',
  'crashed',
] as const;

/** See `POISON_REASONS`. */
export type PoisonReason = (typeof POISON_REASONS)[number];

/**
 * What a consumer declares for poison of a type.
 *
 * - `discard`: drop it; the projector counts and logs it
 * - `park`: park it and apply the entity's later events
 * - `stop`: park it and hold the entity's later events, in order, until an operator releases the entity
 */
export const FAILURE_POLICIES = ['discard', 'park', 'stop'] as const;

/** See `FAILURE_POLICIES`. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];
