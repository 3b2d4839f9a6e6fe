/** The checks of the simulation, each with the meaning of a violation. */
export const CHECKS = {
  'goes-back': 'a cache stored a version below one that it had stored before',
  'stored-again': 'a write replaced a version with the same version',
  'never-committed': 'a cache stored a version that its owner never committed',
  'wrong-content': "a cache stored other content than its owner's at that version",
  'publication-dropped': 'the topic or queue accepted a message and dropped it: its deduplication id was used before',
  'topic-order': 'a version was published for the first time after a later one',
  'group-in-parallel': 'two messages of one group were processed at once',
  'waits-on-others': 'a message was returned without a failure in its own group',
  'untrue-outcome': 'an outcome was counted that the tables contradict',
  'not-one-outcome': 'an answered delivery left a message with no outcome, or with two',
  'healthy-parked': 'a message was parked for failures that had nothing to do with it',
  'parked-early': 'a message was parked before its budget was used up',
  'falsely-crashed': 'a message was parked for crashes that it did not cause',
  'lost-parked': 'an event was parked, and another event has its key',
  'held-behind-nothing': 'a held event was left behind when its entity was released',
  'schema-forgotten': 'an event stays parked although its cache has known its schema version for long',
  'stays-poison': 'a genuine event stays poison after its cause is repaired',
  'no-final-outcome': 'an event that was sent to a cache never ended there',
  diverged: "a cache does not equal the fold of its owner's history",
  misaddressed: 'a message that is addressed to one cache arrived in another one',
  unanswered: 'the owner left a request of a cache without an answer',
  'page-skipped': 'a backfill ended without an entity that the owner had when it began',
  'second-chain': 'a backfill or an inventory asked for more pages than redeliveries and lost pages explain',
  'not-ready': 'a cache counted as filled without an entity that the owner had when the backfill began',
  'counted-in-flight': 'an inventory counted a change as lost whose event had not ended in the cache',
  'falsely-lost': 'an inventory counted a difference that did not exist',
  'gap-left': 'a gap was left open',
  'marker-left': 'an entity was left stopped, or an event was left parked',
  stuck: 'not everything ended after the faults stopped',
} as const;

export type Check = keyof typeof CHECKS;

export interface Violation {
  readonly check: Check;
  readonly message: string;
  readonly atMs: number;
}

/** Records a violation. */
export type Violate = (check: Check, message: string) => void;

/** Prints a line of a trace; undefined for a run without a trace. */
export type Trace = ((text: string) => void) | undefined;
