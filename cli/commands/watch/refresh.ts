import { pause } from '../../interrupt.ts';

/** What is refreshed, and how often. */
interface Refreshing<View> {
  readonly look: () => Promise<View>;
  readonly show: (view: View) => void;
  /** Ends after so many views; undefined: only the signal ends it. */
  readonly count: number | undefined;
  readonly intervalMs: number;
  /** The number of failed looks in a row that ends it with their error. */
  readonly maxFailures: number;
  readonly signal: AbortSignal;
}

/** Looks again and again. A look that fails is skipped and doesn't count, up to the limit. */
export async function refresh<View>(refreshing: Refreshing<View>): Promise<void> {
  const { look, show, count, intervalMs, maxFailures, signal } = refreshing;
  let shown = 0;
  let failures = 0;
  while (!signal.aborted) {
    const beginMs = performance.now();
    try {
      const view = await look();
      if (signal.aborted) return;
      show(view);
      shown += 1;
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (failures >= maxFailures) throw error;
    }
    if (shown === count) return;
    await pause(Math.max(0, intervalMs - (performance.now() - beginMs)), signal);
  }
}
