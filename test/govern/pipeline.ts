import type { Random } from '../simulation/random.ts';
import { INTERVAL_MS, type Scenario, STEP_MS } from './scenario.ts';

/**
 * Creates a function that returns the number of events in the next step at a rate. Fractions carry over to the next
 * step, so that the mean is exact.
 *
 * @param noise fraction by which the number varies from step to step
 */
export function createCounter(noise: number, isPoisson: boolean, { next }: Random): (rate: number) => number {
  let carry = 0;
  return (rate) => {
    const mean = (rate * STEP_MS * (1 + noise * (2 * next() - 1))) / 1000;
    const spread = isPoisson ? Math.sqrt(mean) * 2 * (next() + next() + next() - 1.5) : 0;
    const exact = Math.max(0, mean + spread + carry);
    carry = rate === 0 ? 0 : exact - Math.floor(exact);
    return rate === 0 ? 0 : Math.floor(exact);
  };
}

/** The owner's stream, the relay, the cache's queue and its consumers. */
export interface Pipeline {
  /** Committed events that aren't applied: in the stream and in the queue. */
  readonly backlog: number;
  readonly queue: number;
  readonly applied: number;
  readonly conflated: number;
  /** Events that were published, and events that were consumed, in an interval. */
  published(interval: number): number;
  consumed(interval: number): number;
  /**
   * Runs one step.
   *
   * @param work number of events that the consumers can process
   */
  step(
    nowMs: number,
    given: { readonly committed: number; readonly isConflating: boolean; readonly work: number },
  ): void;
}

export function createPipeline({ relayDelayMs, conflation }: Scenario): Pipeline {
  const stream: number[] = new Array(Math.round(relayDelayMs / STEP_MS)).fill(0);
  const published: number[] = [];
  const consumed: number[] = [];
  let [inStream, queue, applied, conflated] = [0, 0, 0, 0];
  return {
    get backlog() {
      return inStream + queue;
    },
    get queue() {
      return queue;
    },
    get applied() {
      return applied;
    },
    get conflated() {
      return conflated;
    },
    published: (interval) => published[interval] ?? 0,
    consumed: (interval) => consumed[interval] ?? 0,
    step(nowMs, { committed, isConflating, work }) {
      const at = (nowMs / STEP_MS) % stream.length;
      const interval = Math.floor(nowMs / INTERVAL_MS);
      const leaves = stream[at] ?? 0;
      stream[at] = committed;
      inStream += committed - leaves;
      const merged = isConflating ? Math.floor(leaves * conflation) : 0;
      published[interval] = (published[interval] ?? 0) + leaves;
      conflated += merged;
      queue += leaves - merged;
      const done = Math.min(queue, work);
      queue -= done;
      applied += done;
      consumed[interval] = (consumed[interval] ?? 0) + done;
    },
  };
}
