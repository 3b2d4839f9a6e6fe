/** How an event ended at a cache. Every event ends as exactly one of these, and each is counted. */
export const OUTCOMES = ['applied', 'superseded', 'duplicate', 'outdated', 'parked'] as const;

/**
 * `applied`: stored · `superseded`: overtaken by a newer one of the same batch that was stored · `duplicate`: same version,
 * same digest as stored · `outdated`: older than stored · `parked`: set aside with its reason.
 */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * Why an event was parked. `malformed`: not readable · `unknown-type`: the cache doesn't keep it · `wrong-owner`: published by
 * a boundary that doesn't own the type · `wrong-group`: not in its entity's message group · `newer-schema`: written by a
 * schema version the cache doesn't know yet · `invalid`: doesn't meet the schema · `conflict`: same version, other digest,
 * so immutability was broken · `unstorable`: the cache's table can't hold it.
 */
export type ParkReason =
  | 'malformed'
  | 'unknown-type'
  | 'wrong-owner'
  | 'wrong-group'
  | 'newer-schema'
  | 'invalid'
  | 'conflict'
  | 'unstorable';
