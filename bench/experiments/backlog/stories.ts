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
  /** How long to wait after the load until the backlog is worked off; 0 doesn't wait. */
  readonly drainSeconds: number;
  /** When the table is throttled, in seconds since the beginning, and to how many writes a second. */
  readonly throttle?: { readonly from: number; readonly to: number; readonly writesPerSecond: number };
}

/** A part of the experiment: runs, and what they are expected to show. */
export interface Story {
  readonly file: string;
  readonly title: string;
  /** What the runs are expected to show. */
  readonly claim: string;
  readonly runs: readonly Run[];
  /** How the results differ from the claim. */
  readonly check: (measured: readonly Measured[]) => readonly string[];
}

/** The results of a run. */
export interface Measured {
  readonly run: string;
  readonly consumers: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failed: number;
  /** Events a second: accepted during the load, and ended at the cache between the first event and the last. */
  readonly produced: number;
  readonly consumed: number;
  readonly worstBacklog: number;
  readonly endBacklog: number;
  /** The longest wait of a writer until its write was accepted, seconds. */
  readonly writersWait: number;
  /** Seconds from the end of the load until the backlog was worked off; null if it wasn't within the run. */
  readonly drainedAfter: number | null;
  /** Drain time in the last report before the load ended: seconds, null for infinite; undefined without a report. */
  readonly predictedDrain: number | null | undefined;
  /** Each flow state and how often it was entered. */
  readonly states: Readonly<Record<FlowState, number>>;
  /** Alarms that were in the state ALARM at any time. */
  readonly alarms: readonly string[];
  readonly hottestGroup: string | undefined;
  readonly parked: number;
  /** Parts whose version in the cache isn't the owner's; undefined if the backlog didn't drain. */
  readonly differing: number | undefined;
  readonly seen: readonly Seen[];
}

/** Runs one load on a new pipeline. */
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
  return { parked: await lab.parked(), differing: isDrained ? await lab.differing() : undefined };
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

/** Accepted writes that haven't ended at the cache. Heartbeats end there too, so the count can be slightly low. */
export function backlogOf({ committed, settled }: Seen): number {
  return Math.max(0, committed - settled);
}
