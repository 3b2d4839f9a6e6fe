/** Runs work as soon as one of some slots is free. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>;

/** Creates slots for work that would be too much at the same time. @param count how much work runs at once */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The slot goes to the next one directly, so that nobody overtakes it.
      if (next === undefined) free += 1;
      else next();
    }
  };
}
