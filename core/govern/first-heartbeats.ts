import * as z from 'zod/mini';
import { type Completeness, receivesAllFromMs } from '../read/staleness.ts';
import type { ReportPorts } from './report.ts';

/**
 * How often a report looks whether heartbeats have arrived, and how often at most, as fractions of the time between two
 * reports: every 250 ms for up to 20 s on AWS. A heartbeat takes a second or two, and some seconds if all the functions
 * on its way start.
 */
const LOOKS_PER_INTERVAL = 240;
const MAX_LOOKS = LOOKS_PER_INTERVAL / 3;

/** What a report needs in order to wait for the first heartbeats of its cache. */
export interface FirstHeartbeatPorts extends Pick<ReportPorts, 'heartbeats' | 'completeness'> {
  /** Asks every owner of the cache to commit heartbeats now. */
  askOwners(): Promise<void>;
  pause(ms: number): Promise<void>;
}

/**
 * Asks the owners for heartbeats if a type of a new cache has none, and waits until they arrive. The staleness of the
 * cache is known from its first heartbeats on. The owners' own heartbeats from before the cache's subscription never
 * reach it.
 *
 * A type that the cache begins to keep later isn't waited for, because its filter takes minutes to change.
 *
 * @param intervalMs the time between two reports
 * @returns `known` if no heartbeat was missing; `arrived` or `missing` after the owners were asked
 */
export async function awaitFirstHeartbeats(
  ports: FirstHeartbeatPorts,
  intervalMs: number,
): Promise<'known' | 'arrived' | 'missing'> {
  const previous = await ports.completeness();
  const areMissing = async () => lacksFirst(await ports.heartbeats(), previous);
  if (!(await areMissing())) return 'known';
  await ports.askOwners();
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    await ports.pause(intervalMs / LOOKS_PER_INTERVAL);
    if (!(await areMissing())) return 'arrived';
  }
  return 'missing';
}

function lacksFirst(beats: Readonly<Record<string, number | undefined>>, previous: Completeness | undefined): boolean {
  return Object.entries(beats).some(([type, beat]) => beat === undefined && receivesAllFromMs(previous, type) === 0);
}

const request = z.object({ heartbeatsFor: z.string() });

/** Returns the message with which a cache asks an owner for heartbeats. It goes to the owner's queue of reports. */
export function heartbeatRequest(cache: string): string {
  return JSON.stringify({ heartbeatsFor: cache });
}

/** Whether a message of an owner's queue of reports asks for heartbeats. */
export function isHeartbeatRequest(body: string): boolean {
  try {
    return request.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}
