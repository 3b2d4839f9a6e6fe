import { decide, type FlowDecision, type GovernSettings } from './decide.ts';
import { type RelayProgress, type StreamBacklog, streamBacklog } from './measure.ts';
import type { CacheReport } from './report.ts';

/** The governor's ports. */
export interface GovernPorts {
  /** The decision that stands; undefined before the first one. */
  decision(): Promise<FlowDecision | undefined>;
  /** Has no effect where a newer one stands. */
  saveDecision(decision: FlowDecision): Promise<void>;
  /** What each cache last reported. */
  reports(): Promise<readonly CacheReport[]>;
  /** Has no effect where a newer one of the cache stands. */
  saveReport(report: CacheReport): Promise<void>;
  /** What the relay last said; undefined where it said nothing for long. */
  relayProgress(nowMs: number): Promise<RelayProgress | undefined>;
}

/** What came of it. */
export interface Governed {
  readonly decision: FlowDecision;
  /** What waits in the owner's stream. */
  readonly stream: StreamBacklog;
}

/** Takes in new reports, of caches that may slow the owner, and decides anew how writers may write. */
export async function govern(
  ports: GovernPorts,
  settings: GovernSettings & { readonly intervalSeconds: number },
  newReports: readonly CacheReport[],
  nowMs: number,
): Promise<Governed> {
  // A clock that is ahead must not make its report outlive the ones after it.
  const heard = newReports
    .filter(({ cache }) => Object.hasOwn(settings.maySlowOwner, cache))
    .map((report) => ({ ...report, atMs: Math.min(report.atMs, nowMs) }));
  await Promise.all(heard.map((report) => ports.saveReport(report)));
  const [previous, reports, progress] = await Promise.all([
    ports.decision(),
    ports.reports(),
    ports.relayProgress(nowMs),
  ]);
  // Two intervals: one between heartbeats, one for the metric to arrive.
  const stream = streamBacklog(progress, nowMs, 2 * settings.intervalSeconds * 1000);
  const decision = decide(previous, reports, stream, settings, nowMs);
  await ports.saveDecision(decision);
  return { decision, stream };
}
