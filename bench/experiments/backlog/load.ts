import { setTimeout as pause } from 'node:timers/promises';
import type { BacklogLab } from './lab.ts';

/** The interval at which new writes begin. */
const TICK_MS = 25;

/** The writes of a run. */
export interface Load {
  /** How many parts are changed, one after the other. With 1, all changes are in one message group. */
  readonly parts: number;
  readonly seconds: number;
  /** Writes a second at a given time. @param seconds since the beginning */
  readonly rate: (seconds: number) => number;
  /** How long a write may wait to be admitted. */
  readonly maxWaitMs: number;
}

/** Begins writes at the given rate, without waiting for earlier ones. Resolves when the last write has ended. */
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

/** Waits until all accepted writes have ended at the cache. False if that takes longer than the limit. */
export async function drained(lab: BacklogLab, limitSeconds: number): Promise<boolean> {
  const idle = lab.cloud.idle().then(() => true);
  // Without a reference, the timer doesn't keep the process running after the backlog has drained.
  return Promise.race([idle, pause(limitSeconds * 1000, false, { ref: false })]);
}
