/**
 * Runs work on many things, several at once, and returns the results in order. If the signal is aborted, it ends early
 * with the results so far.
 */
export async function sideBySide<T, R>(
  things: readonly T[],
  atOnce: number,
  work: (thing: T) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < things.length && signal?.aborted !== true; at = next++) {
      results[at] = await work(things[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, things.length) }, worker));
  return results;
}
