/** The three ways to get another service's data. */
export const WAYS = ['call', 'notify', 'carry'] as const;
export type Way = (typeof WAYS)[number];

/** The names of the ways on the page. */
export const WAY_NAMES: Readonly<Record<Way, string>> = {
  call: 'call the owner',
  notify: 'notification and callback',
  carry: 'event-carried state',
};

/** The size of a run. */
export interface Plan {
  readonly seed: number;
  /** Products of each type. */
  readonly products: number;
  /** Bytes of a product's description, which is the largest part of its state. */
  readonly descriptionBytes: number;
  /** Rounds, and reads of each way in a round, by the owner's state. */
  readonly reads: Readonly<Record<OwnerState, { readonly rounds: number; readonly reads: number }>>;
  /** Changes whose requests are counted, one at a time, and each consumer's reads after each change. */
  readonly counted: { readonly changes: number; readonly readsPerChange: number };
  /** Changes whose arrival at the consumer is timed, by the owner's state. */
  readonly timed: Readonly<Record<TimedState, number>>;
  /** Products that change during an absence, changes of each product, and the length of the absence. */
  readonly away: { readonly products: number; readonly changesEach: number; readonly seconds: number };
}

/**
 * The owner's states. `slow`: a read of its table takes `SLOW_MS`. `hangs`: a read takes longer than callers wait.
 * `down`: none of its functions runs.
 */
export const OWNER_STATES = ['up', 'slow', 'hangs', 'down'] as const;
export type OwnerState = (typeof OWNER_STATES)[number];

/** The states in which changes are timed. `no-api`: the owner's API is down, and its changes still go out. */
export const TIMED_STATES = ['up', 'slow', 'no-api'] as const;
export type TimedState = (typeof TIMED_STATES)[number];

/** How long a read of a slow owner's table takes. */
export const SLOW_MS = 200;

/** How long a read of a hanging owner's table takes. */
export const HANGING_MS = 1_000;

export const FULL: Plan = {
  seed: 20261201,
  products: 10,
  descriptionBytes: 700,
  reads: {
    up: { rounds: 7, reads: 60 },
    slow: { rounds: 5, reads: 12 },
    hangs: { rounds: 3, reads: 4 },
    down: { rounds: 5, reads: 40 },
  },
  counted: { changes: 12, readsPerChange: 5 },
  timed: { up: 100, slow: 20, 'no-api': 20 },
  away: { products: 6, changesEach: 3, seconds: 10 },
};

/** A run that is long enough to check the claims. Its times mean little. */
export const QUICK: Plan = {
  ...FULL,
  products: 4,
  reads: {
    up: { rounds: 2, reads: 10 },
    slow: { rounds: 1, reads: 4 },
    hangs: { rounds: 1, reads: 2 },
    down: { rounds: 1, reads: 6 },
  },
  counted: { changes: 3, readsPerChange: 2 },
  timed: { up: 5, slow: 3, 'no-api': 3 },
  away: { products: 3, changesEach: 2, seconds: 4 },
};
