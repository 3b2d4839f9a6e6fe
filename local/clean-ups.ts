/** Collects functions that stop something, and runs them at the end in reverse order. */
export interface CleanUps {
  add(cleanUp: () => Promise<void> | void): void;
  /** Runs all clean-ups, once. Later calls return the promise of the first call. */
  run(): Promise<void>;
  /** Whether `run` was called. */
  hasStarted(): boolean;
}

export function createCleanUps(): CleanUps {
  const cleanUps: (() => Promise<void> | void)[] = [];
  let running: Promise<void> | undefined;
  return {
    add: (cleanUp) => void cleanUps.push(cleanUp),
    run() {
      running ??= inReverse(cleanUps);
      return running;
    },
    hasStarted: () => running !== undefined,
  };
}

/** Continues after a failure, so that a part that can't be stopped doesn't keep the others running. */
async function inReverse(cleanUps: readonly (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const cleanUp of cleanUps.toReversed()) {
    try {
      await cleanUp();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'The local cloud could not be stopped completely');
}
