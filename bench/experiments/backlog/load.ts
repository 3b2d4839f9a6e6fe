import { setTimeout as pause } from 'node:timers/promises';
import type { BacklogLab } from './lab.ts';

/** How often writes are begun. */
const TICK_MS = 25;

/** What is written. */
export interface Load {
  /** Parts that are changed, one after the other; 1: all in one message group. */
  readonly parts: number;
  readonly seconds: number;
  /** Writes a second at a moment, in seconds since the beginning. */
  readonly rate: (seconds: number) => number;
  /** How long a write may wait to be admitted. */
  readonly maxWaitMs: number;
}

/** Begins writes at the given rate, whatever becomes of the earlier ones. Resolves when the time is over and each write has ended. */
export async function applyLoad(lab: BacklogLab, { parts, seconds, rate, maxWaitMs }: Load): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const beginMs = performance.now();
  let due = 0;
  let begun = 0;
  let lastMs = beginMs;
  while (lastMs - beginMs < seconds * 1000) {
    const nowMs = Math.min(performance.now(), beginMs + seconds * 1000);
    due += rate((nowMs - beginMs) / 1000) * ((nowMs - lastMs) / 1000);
    lastMs = nowMs;
    for (; begun < Math.floor(due); begun += 1) {
      const write = lab.put(`part-${begun % parts}`, maxWaitMs).finally(() => underWay.delete(write));
      underWay.add(write);
    }
    await pause(TICK_MS);
  }
  await Promise.all(underWay);
}

/** Waits until everything that was accepted has ended at the cache. False if the time is over before. */
export async function drained(lab: BacklogLab, limitSeconds: number): Promise<boolean> {
  const idle = lab.cloud.idle().then(() => true);
  // Not what keeps the process running once the end has come before it.
  return Promise.race([idle, pause(limitSeconds * 1000, false, { ref: false })]);
}
