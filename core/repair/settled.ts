import { type Completeness, receivesAllFromMs, settledUntilMs } from '../read/staleness.ts';

/** The ports that show which changes have ended in a cache. Each throws only if infrastructure fails. */
export interface SettledPorts {
  /** When the owner committed the type's newest heartbeat in the cache, epoch milliseconds; undefined for none. */
  heartbeatMs(type: string): Promise<number | undefined>;
  /** The completeness that the last report found. */
  completeness(): Promise<Completeness | undefined>;
  /** Number of messages in the cache's queue, in flight and delayed ones included. */
  backlog(): Promise<number>;
  /** See `ReportPorts.unrepaired`. */
  unrepaired(): Promise<number>;
}

/**
 * Finds the time, epoch milliseconds, before which every change of a type that the owner committed has ended in the
 * cache. A queue that is found empty after a heartbeat was found in the cache shows it at once, as in a report: see
 * docs/decisions/23-staleness.md. Otherwise the last report's time counts. 0 while the time isn't known.
 */
export async function findSettledUntilMs(type: string, ports: SettledPorts, nowMs: () => number): Promise<number> {
  // In this order, because an event moves from the queue to the repair queues.
  const committedAtMs = (await ports.heartbeatMs(type)) ?? 0;
  // If the owner's clock is ahead, a heartbeat must not cover changes that are committed later.
  const beatMs = Math.min(nowMs(), committedAtMs);
  const known = await ports.completeness();
  const isVouchedFor = beatMs >= receivesAllFromMs(known, type);
  const isDone = isVouchedFor && (await ports.backlog()) === 0 && (await ports.unrepaired()) === 0;
  return Math.max(settledUntilMs(known, type), isDone ? beatMs : 0);
}
