/** Work that says that it proceeds. */
export type Proceeding<T> = (progress: () => void) => Promise<T>;

/** How a piece of work ended. */
export type Settled<T> = { readonly value: T } | { readonly error: Error };

/** Work that was given up. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * Runs pieces of work at the same time, until all have ended or none of them has ended or proceeded for a while. Those
 * that haven't ended then count as failed with `NoAnswer`; their answers are ignored.
 */
export function untilStalled<T>(works: readonly Proceeding<T>[], stallMs: number): Promise<readonly Settled<T>[]> {
  return new Promise((resolve) => {
    const ended: (Settled<T> | undefined)[] = works.map(() => undefined);
    let left = works.length;
    const timer = setTimeout(end, stallMs);
    const progress = () => void timer.refresh();
    if (left === 0) end();
    works.forEach(async (work, index) => {
      const settled = await work(progress).then(
        (value) => ({ value }),
        (error: unknown) => ({ error: error instanceof Error ? error : new Error(String(error)) }),
      );
      ended[index] = settled;
      progress();
      left -= 1;
      if (left === 0) end();
    });

    function end(): void {
      clearTimeout(timer);
      resolve(ended.map((one) => one ?? { error: new NoAnswer(`no answer for ${stallMs / 1000} s`) }));
    }
  });
}
