import { type Random, random } from './random.ts';

/**
 * Kinds of fault and how often a run of 1,000 seeds must come upon each: well below what it does, well above never. A run that has fewer
 * fails, since it would prove nothing about that kind.
 */
export const FLOORS = {
  /** A message that was sent a second time under an id of its own. */
  duplicate: 5_000,
  /** A message that was received again. */
  redelivery: 40_000,
  /** Messages that went from the queue's dead-letter queue back to the queue (StartMessageMoveTask). */
  deadLetterMoved: 800,
  /** Messages that the repair function took from the dead-letter queue into parking. */
  deadLetterParked: 700,
  /** Events tried again from parking. */
  parkingRedrive: 10_000,
  projectorCrash: 2_500,
  relayCrash: 800,
  repairCrash: 250,
  /** A write that a function in its last moment had sent arrives after its crash. */
  lateWrite: 400,
  /** A write is carried out and its answer lost. */
  lostAnswer: 3_000,
  /** A refused call in a burst of throttling. */
  throttled: 30_000,
  /** An invocation so slow that its time runs out. */
  outOfTime: 800,
  /** An invocation that still works when the visibility of its messages has run out. */
  race: 600,
  /** A batch of the stream that was delivered again. */
  topicRetry: 10_000,
  /** Of one PublishBatch call some entries went through and some didn't. */
  partialPublish: 400,
  /** A delta whose predecessor wasn't there. */
  gap: 3_000,
  /** A commit between a request for the whole state and its publication. */
  resyncRace: 4_000,
  tombstone: 10_000,
  recreation: 10_000,
  tombstoneExpired: 500,
  stop: 1_300,
  release: 1_000,
  releaseDrop: 400,
  malformed: 500,
  invalid: 500,
  newerSchema: 500,
  conflict: 350,
  unstorable: 2_000,
  /** An event older than deletions are remembered. */
  tooOld: 500,
  /** A message that crashed the projector each time, until it was parked. */
  crashAlways: 50,
  retriesExhausted: 20,
  backfill: 700,
  /** A cache that keeps another selection of fields from now on. */
  fieldsRaised: 180,
  /** The owner's table restored from an older backup, with the epoch raised. */
  restore: 130,
} as const;

export type FaultKind = keyof typeof FLOORS;

export const FAULT_KINDS = Object.keys(FLOORS) as FaultKind[];

/** What a run came upon, by kind. */
export type FaultCounts = Record<FaultKind, number>;

export function noFaults(): FaultCounts {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultCounts;
}

/** Decides which faults happen, each kind from a stream of its own, and counts those that did. */
export interface Faults {
  readonly counts: FaultCounts;
  /** While they cease, nothing fails. */
  isCeased: boolean;
  happens(kind: FaultKind, probability: number): boolean;
  count(kind: FaultKind): void;
}

/** @param without kinds that are left out, as shrinking does */
export function createFaults(seed: number, without: readonly FaultKind[] = []): Faults {
  const streams = new Map<FaultKind, Random>();
  const counts = noFaults();
  return {
    counts,
    isCeased: false,
    happens(kind, probability) {
      let stream = streams.get(kind);
      if (stream === undefined) {
        stream = random(seed, kind);
        streams.set(kind, stream);
      }
      return stream.chance(probability) && !this.isCeased && !without.includes(kind);
    },
    count(kind) {
      counts[kind] += 1;
    },
  };
}

/** A few seeds may come upon half of what many do: some kinds come in clusters. */
export function floorOf(kind: FaultKind, seeds: number): number {
  return Math.floor((FLOORS[kind] * seeds) / 1_000 / (1 + 25 / seeds));
}

/** The kinds of which a run of so many seeds came upon too few. */
export function missedFloors(counts: FaultCounts, seeds: number): { kind: FaultKind; count: number; floor: number }[] {
  return FAULT_KINDS.flatMap((kind) => {
    const floor = floorOf(kind, seeds);
    return counts[kind] < floor ? [{ kind, count: counts[kind], floor }] : [];
  });
}
