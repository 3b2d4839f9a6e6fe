import type { FlowState } from '../../../core/govern/decide.ts';
import { type BacklogLab, type Seen, startBacklogLab } from './lab.ts';
import { applyLoad, drained, type Load } from './load.ts';

/** A run of the pipeline under a load. */
export interface Run {
  readonly name: string;
  /** Projectors that run at once. */
  readonly consumers: number;
  readonly isGoverned: boolean;
  readonly load: Load;
  /** How long to wait after the load until everything is worked off; 0 doesn't wait. */
  readonly drainSeconds: number;
  /** When the table is throttled, seconds since the beginning, and to how many writes a second. */
  readonly throttle?: { readonly from: number; readonly to: number; readonly writesPerSecond: number };
}

/** What the experiment tells. */
export interface Story {
  readonly file: string;
  readonly title: string;
  /** What it shows. */
  readonly claim: string;
  readonly runs: readonly Run[];
  /** What of the claim didn't hold. */
  readonly check: (measured: readonly Measured[]) => readonly string[];
}

/** What came of a run. */
export interface Measured {
  readonly run: string;
  readonly consumers: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failed: number;
  /** Events a second: accepted while the load lasted, and ended at the cache from first to last. */
  readonly produced: number;
  readonly consumed: number;
  readonly worstBacklog: number;
  readonly endBacklog: number;
  /** Longest that a writer waited until its write was accepted, seconds. */
  readonly writersWait: number;
  /** Seconds from the end of the load until everything was worked off; null: not within the run. */
  readonly drainedAfter: number | null;
  /** What the cache's last report before the end of the load said: seconds, null for infinite; undefined without a report. */
  readonly predictedDrain: number | null | undefined;
  /** Each flow state and how often it was entered. */
  readonly states: Readonly<Record<FlowState, number>>;
  /** Alarms that were in ALARM at any time. */
  readonly alarms: readonly string[];
  readonly hottestGroup: string | undefined;
  readonly setAside: number;
  /** Parts that the cache doesn't hold as the owner does, where it was waited for. */
  readonly differing: number | undefined;
  readonly seen: readonly Seen[];
}

/** Runs one load against a pipeline of its own. */
export async function measure(run: Run): Promise<Measured> {
  const lab = await startBacklogLab(run.consumers, run.isGoverned);
  try {
    const timers = throttling(lab, run);
    await applyLoad(lab, run.load);
    const loaded = lab.seen.length;
    const endOfLoadMs = performance.now();
    const hottestGroup = await lab.hottestGroup();
    const isDrained = run.drainSeconds > 0 && (await drained(lab, run.drainSeconds));
    const drainedAfter = isDrained ? (performance.now() - endOfLoadMs) / 1000 : null;
    for (const timer of timers) clearTimeout(timer);
    return { ...summary(lab, run, loaded), hottestGroup, drainedAfter, ...(await atTheEnd(lab, isDrained)) };
  } finally {
    await lab.stop();
  }
}

function throttling({ proxy }: BacklogLab, { throttle }: Run): NodeJS.Timeout[] {
  if (throttle === undefined) return [];
  const { from, to, writesPerSecond } = throttle;
  return [
    setTimeout(() => proxy.throttle(writesPerSecond), from * 1000),
    setTimeout(() => proxy.throttle(undefined), to * 1000),
  ];
}

async function atTheEnd(lab: BacklogLab, isDrained: boolean) {
  return { setAside: await lab.setAside(), differing: isDrained ? await lab.differing() : undefined };
}

function summary({ seen, writes }: BacklogLab, { name, consumers, load }: Run, loaded: number) {
  const backlogs = seen.map(backlogOf);
  const atLoadEnd = seen[loaded - 1];
  const entered = (state: FlowState) =>
    seen.filter(({ flowState }, index) => flowState === state && seen[index - 1]?.flowState !== state).length;
  const [first, last] = [seen.find(({ settled }) => settled > 0), seen.findLast((one) => backlogOf(one) > 0)];
  return {
    run: name,
    consumers,
    accepted: writes.accepted,
    refused: writes.refused,
    failed: writes.failed,
    produced: (atLoadEnd?.committed ?? 0) / load.seconds,
    consumed:
      first && last && last.seconds > first.seconds
        ? (last.settled - first.settled) / (last.seconds - first.seconds)
        : 0,
    worstBacklog: Math.max(0, ...backlogs),
    endBacklog: backlogs.at(-1) ?? 0,
    writersWait: writes.longestWaitMs / 1000,
    predictedDrain: atLoadEnd?.drainSeconds,
    states: { normal: entered('normal'), paced: entered('paced'), refusing: entered('refusing') },
    alarms: [...new Set(seen.flatMap(({ alarms }) => alarms))].sort(),
    seen: [...seen],
  };
}

/** Accepted and not yet ended at the cache. Heartbeats end there too, so a moment's count may be a few short. */
export function backlogOf({ committed, settled }: Seen): number {
  return Math.max(0, committed - settled);
}
