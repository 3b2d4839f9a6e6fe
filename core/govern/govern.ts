import { decide, type FlowDecision, type GovernSettings } from './decide.ts';
import { type RelayProgress, type StreamBacklog, streamBacklog } from './measure.ts';
import { type EventReader, eventReader, readership } from './readers.ts';
import type { CacheReport } from './report.ts';

/** The governor's ports. */
export interface GovernPorts {
  /** Returns the stored decision; undefined before the first one. */
  decision(): Promise<FlowDecision | undefined>;
  /** Stores a decision, unless a newer one is stored. */
  saveDecision(decision: FlowDecision): Promise<void>;
  /** Returns the last report of each cache. */
  reports(): Promise<readonly CacheReport[]>;
  /** Stores a cache's report, unless a newer one of the same cache is stored. */
  saveReport(report: CacheReport): Promise<void>;
  /** Returns what each cache has said about the events that it reads. */
  readers(): Promise<readonly EventReader[]>;
  /** Stores what a cache says about the events that it reads. */
  saveReader(reader: EventReader): Promise<void>;
  /** Returns the relay's last metrics; undefined if there are no recent ones, `unread` if they can't be read. */
  relayProgress(nowMs: number): Promise<RelayProgress | 'unread' | undefined>;
}

/** The result of one run of the governor. */
export interface Governed {
  readonly decision: FlowDecision;
  /** The records that wait in the owner's stream. */
  readonly stream: StreamBacklog;
}

/**
 * How long a relay without backlog may be silent, in control intervals: one between heartbeats, one until a metric
 * arrives.
 */
const QUIET_INTERVALS = 2;

/**
 * Returns the reports that count: those of caches that may slow the owner. Other caches report too, because a cache
 * doesn't know which owners it may slow.
 */
export function countedReports(
  { maySlowOwner }: Pick<GovernSettings, 'maySlowOwner'>,
  reports: readonly CacheReport[],
): CacheReport[] {
  return reports.filter(({ cache }) => Object.hasOwn(maySlowOwner, cache));
}

/** Stores what caches say about the events that they read. All caches count, because all receive the same events. */
export async function noteReaders(
  ports: Pick<GovernPorts, 'saveReader'>,
  reports: readonly CacheReport[],
  nowMs: number,
): Promise<void> {
  await Promise.all(reports.map((report) => ports.saveReader(eventReader(report, nowMs))));
}

/** Stores new reports of the caches that may slow the owner, makes a new decision and stores it. */
export async function govern(
  ports: GovernPorts,
  settings: GovernSettings & { readonly intervalSeconds: number; readonly compressEvents: boolean },
  newReports: readonly CacheReport[],
  nowMs: number,
): Promise<Governed> {
  // A report from a clock that is ahead must not replace later reports.
  const heard = countedReports(settings, newReports).map((report) => ({
    ...report,
    atMs: Math.min(report.atMs, nowMs),
  }));
  await Promise.all(heard.map((report) => ports.saveReport(report)));
  const [previous, reports, readers, progress] = await Promise.all([
    ports.decision(),
    ports.reports(),
    settings.compressEvents ? ports.readers() : [],
    ports.relayProgress(nowMs),
  ]);
  const stream = streamBacklog(progress, nowMs, QUIET_INTERVALS * settings.intervalSeconds * 1000);
  const reading = readership(previous, readers, { intervalSeconds: settings.intervalSeconds, nowMs });
  const decision = { ...decide(previous, reports, stream, settings, nowMs), ...reading };
  await ports.saveDecision(decision);
  return { decision, stream };
}
