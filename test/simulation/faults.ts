import { type Random, random } from './random.ts';

/**
 * Kinds of fault, and how often each must happen in a run of 1,000 seeds. The floors are well below the usual counts
 * and well above zero. A run that misses a floor fails, because it proves nothing about that kind.
 */
export const FLOORS = {
  /** A message that was sent a second time, with another deduplication id. */
  duplicate: 5_000,
  /** A message that was received again. */
  redelivery: 40_000,
  /** Messages that were moved from the dead-letter queue back to the queue (StartMessageMoveTask). */
  deadLetterMoved: 800,
  /** Messages of the dead-letter queue that the projector never tried, and that the repair function projected. */
  deadLetterProjected: 1_500,
  /** Messages of the dead-letter queue that the repair function parked. */
  deadLetterParked: 150,
  /** Parked events that were tried again. */
  parkingRedrive: 10_000,
  projectorCrash: 2_500,
  relayCrash: 800,
  repairCrash: 250,
  /** The owner's repair function, while it answers a cache. */
  answerCrash: 400,
  /** A cache's repair function, while it fills or checks the cache. */
  pageCrash: 700,
  reportCrash: 300,
  /** A cache's report that couldn't read the metrics of its queue. */
  metricsUnread: 300,
  governorCrash: 300,
  /** A batch of a standard queue that was delivered twice. */
  deliveredTwice: 3_000,
  /** A message of a standard queue that was delivered late, behind later ones. */
  deliveredLate: 2_000,
  /** A message that was published to one cache alone. */
  addressed: 30_000,
  /** A page that the topic lost. */
  pageLost: 300,
  /** A page that a cache's repair function received again. */
  pageRedelivered: 2_000,
  /** A page that a cache asked for again, because it didn't come. */
  pageAskedAgain: 3_000,
  /** An entity that a backfill couldn't send, because its restored owner hasn't lifted it yet. */
  unsendable: 20,
  /** An inventory that ended. */
  inventory: 4_000,
  /** An entity that an inventory found missing or behind, and that was lost. */
  foundLost: 700,
  /** An entity whose data or selection of fields an inventory found different. */
  foundChanged: 400,
  /** An entity that an inventory found missing or behind, and whose event was in flight. */
  foundInFlight: 450,
  /** An entity that an inventory found missing or behind, and whose event is parked or held. */
  foundSetAside: 100,
  /** An entity that an inventory found, and that the owner's answer mended. */
  healed: 1_000,
  /** An item that was made ready for the owner's answer. */
  exposed: 400,
  /** A hand-made change of a cache: an item was removed, was set back to an earlier version, or its data changed. */
  handRemoved: 700,
  handOlder: 600,
  handChanged: 600,
  /** All messages of a cache's queue were deleted. */
  queuePurged: 200,
  /** A write that arrives after the crash of the function that sent it. */
  lateWrite: 400,
  /** A write that succeeded and whose answer was lost. */
  lostAnswer: 3_000,
  /** A refused call in a burst of throttling. */
  throttled: 30_000,
  /** A service that refused every call for hours, while its messages waited behind a backlog. */
  throttledForHours: 120,
  /** An invocation so slow that its time runs out. */
  outOfTime: 800,
  /** An invocation that still works after the visibility of its messages has ended. */
  race: 600,
  /** A batch of the stream that was delivered again. */
  topicRetry: 10_000,
  /** A PublishBatch call of which some entries succeeded and others failed. */
  partialPublish: 400,
  /** A delta whose predecessor was missing. */
  gap: 3_000,
  /** A commit between a request for the state and its publication. */
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
  /** An owner that was deployed with a new schema version before its caches. */
  upgradedFirst: 150,
  /** Events that were tried again by themselves once their cache knew the schema version. */
  schemaRedriven: 60,
  conflict: 350,
  unstorable: 2_000,
  /** An event that is older than the life of tombstones allows. */
  tooOld: 500,
  /** A message that crashed the projector each time until it was parked. */
  crashAlways: 50,
  /** A state whose write the table refuses each time, until the event was parked. */
  retriesExhausted: 200,
  /** A cache that filled itself with a type. */
  backfill: 700,
  /** A cache that began to keep a type, so that its filter changed. */
  filterChange: 130,
  /** An event that a changing filter dropped. */
  filteredOut: 1_500,
  /** A cache that was deployed with another selection of fields. */
  fieldsRaised: 180,
  /** A restore of the owner's table from an older backup, with a new epoch. */
  restore: 130,
} as const;

export type FaultKind = keyof typeof FLOORS;

export const FAULT_KINDS = Object.keys(FLOORS) as FaultKind[];

/** How often each kind of fault happened in a run. */
export type FaultCounts = Record<FaultKind, number>;

export function noFaults(): FaultCounts {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultCounts;
}

/** Decides which faults happen, each kind by its own random stream, and counts them. */
export interface Faults {
  readonly counts: FaultCounts;
  /** Whether the faults have stopped: then nothing fails. */
  isCeased: boolean;
  /** Whether the kind isn't left out. */
  isAllowed(kind: FaultKind): boolean;
  happens(kind: FaultKind, probability: number): boolean;
  /** @param times default 1 */
  count(kind: FaultKind, times?: number): void;
}

/** @param without kinds of fault that are left out */
export function createFaults(seed: number, without: readonly FaultKind[] = []): Faults {
  const streams = new Map<FaultKind, Random>();
  const counts = noFaults();
  return {
    counts,
    isCeased: false,
    isAllowed: (kind) => !without.includes(kind),
    happens(kind, probability) {
      let stream = streams.get(kind);
      if (stream === undefined) {
        stream = random(seed, kind);
        streams.set(kind, stream);
      }
      return stream.chance(probability) && !this.isCeased && !without.includes(kind);
    },
    count(kind, times = 1) {
      counts[kind] += times;
    },
  };
}

/**
 * The floor of a kind for a number of seeds. For few seeds it is down to half as high, because some kinds happen in
 * clusters.
 */
export function floorOf(kind: FaultKind, seeds: number): number {
  return Math.floor((FLOORS[kind] * seeds) / 1_000 / (1 + 25 / seeds));
}

/** The kinds of fault that happened too rarely in a run. */
export function missedFloors(counts: FaultCounts, seeds: number): { kind: FaultKind; count: number; floor: number }[] {
  return FAULT_KINDS.flatMap((kind) => {
    const floor = floorOf(kind, seeds);
    return counts[kind] < floor ? [{ kind, count: counts[kind], floor }] : [];
  });
}
