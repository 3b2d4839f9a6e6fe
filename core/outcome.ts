/** How an event ended at a cache. Every event ends as exactly one of these, and each is counted. */
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
 * `applied`: stored · `superseded`: overtaken by a newer one of the same batch that was stored · `duplicate`: same version,
 * same digest as stored · `outdated`: older than stored · `gap`: a delta whose predecessor isn't here, so the owner was asked for the
 * whole state · `discarded`, `parked`: poison, dropped or set aside with its reason · `held`: set aside in order, behind a stopped entity.
 */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * Why an event can't be applied. `malformed`: not readable · `unknown-type`: the cache doesn't keep it · `wrong-owner`: published by
 * a boundary that doesn't own the type · `wrong-group`: not in its entity's message group · `newer-schema`: written by a
 * schema version the cache doesn't know yet · `invalid`: doesn't meet the schema, or its upcast failed · `too-old`: published longer ago
 * than deletions are remembered · `conflict`: same version, other digest, so immutability was broken · `unstorable`: the cache's
 * table can't hold it · `retries-exhausted`: failed for longer and more often than its budget · `crashed`: the projector didn't survive it.
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
 * What a consumer declares for poison. `discard`: counted, logged, gone · `park`: set aside, the entity's later events go on · `stop`: set
 * aside, and the entity's later events are held in order behind it until it is released.
 */
export const FAILURE_POLICIES = ['discard', 'park', 'stop'] as const;

/** See `FAILURE_POLICIES`. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];
