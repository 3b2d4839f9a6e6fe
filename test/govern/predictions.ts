import { type FlowDecision, PACED_FROM } from '../../core/govern/decide.ts';
import { INTERVAL_MS, INTERVAL_SECONDS, type Scenario } from './scenario.ts';

/** A predicted time and the actual one, in seconds. */
export interface Prediction {
  readonly predicted: number;
  readonly actual: number;
}

/**
 * Only retry-after within these bounds is checked, in seconds: a shorter one is imprecise, and the upper bound is a
 * cap.
 */
const MIN_RETRY_SECONDS = 30;
const MAX_RETRY_SECONDS = 900;

/** Compares the predictions of a run with what happens: the drain time after a peak, and retry-after. */
export function createPredictions({ capacity, highWater, relayDelayMs, isGoverned }: Scenario) {
  const retries: Prediction[] = [];
  let openRetries: { readonly predicted: number; readonly atMs: number }[] = [];
  let maxDemand = 0;
  let peakEndMs = Number.POSITIVE_INFINITY;
  let drain: Prediction | undefined;
  let openDrain: { readonly predicted: number; readonly atMs: number; readonly goneAt: number } | undefined;
  return {
    retries,
    get drain() {
      return drain;
    },
    /** Detects the end of the peak from the rate of wanted writes. */
    demand(nowMs: number, rate: number): void {
      maxDemand = Math.max(maxDemand, rate);
      if (peakEndMs === Number.POSITIVE_INFINITY && maxDemand > capacity && rate < capacity) peakEndMs = nowMs;
    },
    /**
     * Takes the drain time of the first report whose rates were measured after the peak.
     *
     * @param fromMs start of the period that the rates were measured in
     */
    reported(nowMs: number, fromMs: number, queue: number, drainSeconds: number): void {
      const isAfterPeak = !isGoverned && fromMs >= peakEndMs + relayDelayMs && openDrain === undefined;
      if (isAfterPeak && Number.isFinite(drainSeconds) && drainSeconds > INTERVAL_SECONDS) {
        openDrain = { predicted: drainSeconds, atMs: nowMs, goneAt: Math.max(0.01 * queue, capacity) };
      }
    },
    /**
     * Takes retry-after of a decision whose rates were measured while writes were refused.
     *
     * @param sinceMs the last change of the flow state
     */
    decided(nowMs: number, { state, retryAfterSeconds }: FlowDecision, sinceMs: number): void {
      const isMeasured = state === 'refusing' && nowMs - sinceMs > 2.5 * INTERVAL_MS;
      if (isMeasured && retryAfterSeconds >= MIN_RETRY_SECONDS && retryAfterSeconds < MAX_RETRY_SECONDS) {
        openRetries.push({ predicted: retryAfterSeconds, atMs: nowMs });
      }
    },
    /** Ends the predictions that have come true. */
    observe(nowMs: number, queue: number, backlog: number): void {
      const ended = ({ predicted, atMs }: { readonly predicted: number; readonly atMs: number }): Prediction => ({
        predicted,
        actual: (nowMs - atMs) / 1000,
      });
      if (openDrain !== undefined && drain === undefined && queue <= openDrain.goneAt) drain = ended(openDrain);
      if (openRetries.length > 0 && backlog <= PACED_FROM * highWater) {
        retries.push(...openRetries.map(ended));
        openRetries = [];
      }
    },
  };
}
