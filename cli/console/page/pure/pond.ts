/** The backlog that fills a pond without a high water. */
const FULL_WITHOUT_HIGH_WATER = 1_000_000;
/** The least level that is visible. */
const LEAST_LEVEL = 0.05;
const MAX_STREAM_PX = 14;
/** Below this rate, a stream stands still in the picture. Heartbeats alone are slower. */
const VISIBLE_RATE = 0.2;

/**
 * The level of a pond, from 0 to 1: the backlog against its high water, or on a logarithmic scale if the queue has no
 * high water. The high water is at 0.8, so that a backlog beyond it can be seen.
 */
export function pondLevel(backlog: number, highWater: number | null): number {
  if (backlog <= 0) return 0;
  const level =
    highWater === null || highWater <= 0
      ? Math.log1p(backlog) / Math.log1p(FULL_WITHOUT_HIGH_WATER)
      : (HIGH_WATER_LEVEL * backlog) / highWater;
  return Math.min(1, Math.max(LEAST_LEVEL, level));
}

/** Where a pond shows its high water. */
export const HIGH_WATER_LEVEL = 0.8;

/** How full a pond is, for its colour and its words. */
export function pondState(backlog: number, highWater: number | null): 'empty' | 'normal' | 'high' | 'over' {
  if (backlog <= 0) return 'empty';
  if (highWater === null || highWater <= 0) return 'normal';
  if (backlog >= highWater) return 'over';
  return backlog >= highWater / 2 ? 'high' : 'normal';
}

/** The width of a stream in pixels, on a logarithmic scale: 1 if nothing flows or the rate isn't known. */
export function streamWidth(rate: number | null): number {
  if (rate === null || rate <= 0) return 1;
  return Math.min(MAX_STREAM_PX, 2 + 1.6 * Math.log2(1 + rate));
}

/** Whether a stream is drawn as flowing. */
export function isFlowing(rate: number | null): boolean {
  return rate !== null && rate >= VISIBLE_RATE;
}

/** Rates are rounded for drawing, so that a picture isn't drawn again for a difference that nobody can see. */
export function drawnWidth(rate: number | null): number {
  return Math.round(2 * streamWidth(rate)) / 2;
}
