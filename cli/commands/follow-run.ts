import { queueBacklog } from 'freshet-aws/internal/adapters/govern/report';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import type { StartedRun } from '../clients/repair-function.ts';
import type { OpenCache } from '../deployment/deployment.ts';
import { pause } from '../interrupt.ts';
import type { DeploymentOptions } from '../options/deployment-options.ts';
import { shortDuration } from '../output/numbers.ts';
import { typed } from '../output/typed.ts';
import type { Work } from '../work.ts';

/** How the runs of a cache are followed, one for each type. */
export interface Following<N> {
  /** Reads the note of a type's run. */
  readonly read: (type: string) => Promise<N | undefined>;
  /** Whether the run has ended, or another run has taken its place. */
  readonly isDone: (note: N) => boolean;
  /** Whether every page has come. The run then ends once the cache has processed its queue. */
  readonly isRead: (note: N) => boolean;
  /** The number of messages in the cache's queue. */
  readonly backlog: () => Promise<number>;
  /** Called with the newest notes of all types after each look. */
  readonly onLook: (notes: ReadonlyMap<string, N>) => void;
  /** Whether to wait for the ends of the runs, or to look once. */
  readonly wait: boolean;
  /** What a test replaces. @default - the clock and the timers of this process */
  readonly clock?: { now(): number; pause(milliseconds: number, signal: AbortSignal): Promise<void> };
}

/** How following the runs has ended. */
export interface Followed<N> {
  readonly notes: ReadonlyMap<string, N>;
  /** The types whose runs haven't ended. */
  readonly running: readonly string[];
  /** Whether nothing has moved for so long that a person must look. */
  readonly isStill: boolean;
}

/** Time between two looks at the runs. A look on AWS costs a read for each type. */
const LOOK_MS = { local: 100, aws: 1_000 } as const;

/** How long all runs may stand still. A page that was lost is asked for again after five minutes. */
const PATIENCE_MS = { local: 180_000, aws: 600_000 } as const;

const READS_AT_ONCE = 16;

/** What is said about a type whose run isn't a new one. */
const NOT_STARTED = {
  backfill: 'the cache is filled, or fills itself. --restart fills it again',
  inventory: 'following the inventory that runs',
} as const;

/** Starts the run of each type until Ctrl-C is pressed. Returns the types whose runs are followed from now on. */
export async function startRuns(
  { io, signal }: Work,
  types: readonly string[],
  what: 'backfill' | 'inventory',
  start: (type: string) => Promise<StartedRun>,
): Promise<string[]> {
  const started: string[] = [];
  for (const type of types) {
    if (signal.aborted) break;
    const { isNew } = await start(type);
    if (!isNew) io.stderr.write(`${type}: ${NOT_STARTED[what]}\n`);
    started.push(type);
  }
  return started;
}

/** Follows work that runs in the deployment until it ends, stands still for long, or Ctrl-C is pressed. */
export async function followRuns<N extends object>(
  { deployment, signal }: Pick<Work, 'deployment' | 'signal'>,
  types: readonly string[],
  { read, isDone, isRead, backlog, onLook, wait, clock = { now: Date.now, pause } }: Following<N>,
): Promise<Followed<N>> {
  const place = deployment.isLocal ? 'local' : 'aws';
  const notes = new Map<string, N>();
  let running = types;
  let movedAt = clock.now();
  let before = '';
  let messages = 0;
  for (;;) {
    const looked = await sideBySide(running, READS_AT_ONCE, async (type) => ({ type, note: await read(type) }));
    for (const { type, note } of looked) if (note !== undefined) notes.set(type, note);
    onLook(notes);
    const isEnded = (type: string) => {
      const note = notes.get(type);
      return note !== undefined && isDone(note);
    };
    running = running.filter((type) => !isEnded(type));
    if (running.length === 0 || !wait || signal.aborted) return { notes, running, isStill: false };
    const state = progressOf(notes);
    // While the cache processes its queue, no note changes. A queue that fills up without draining doesn't move.
    const drains = [...notes.values()].some((note) => isRead(note) && !isDone(note));
    const left = drains ? await backlog() : 0;
    if (state !== before || left < messages) movedAt = clock.now();
    before = state;
    messages = left;
    if (clock.now() - movedAt > PATIENCE_MS[place]) return { notes, running, isStill: true };
    await clock.pause(LOOK_MS[place], signal);
  }
}

/** The notes without what also changes when a page is asked for again in vain. */
function progressOf(notes: ReadonlyMap<string, object>): string {
  return JSON.stringify([...notes.values()], (name, value) => (name === 'seq' || name === 'askedAtMs' ? null : value));
}

/** Counts the messages in a cache's queue. */
export function backlogOf({ deployment: { clients } }: Work, { deployed }: OpenCache): () => Promise<number> {
  return () => queueBacklog(clients.queues, deployed.queueUrl);
}

/**
 * Prints why the work isn't done: Ctrl-C, or a run that stands still. The work goes on in the deployment.
 *
 * @param again the command that follows the work
 */
export function tellUnfinished<N>(
  { io, deployment }: Work,
  { name, boundary }: OpenCache,
  { running, isStill, notes }: Followed<N>,
  {
    isRead,
    notStarted,
    again,
    on,
  }: {
    readonly isRead: Following<N>['isRead'];
    readonly notStarted: readonly string[];
    readonly again: string;
    readonly on: DeploymentOptions;
  },
): void {
  const print = (line: string) => void io.stderr.write(`${line}\n`);
  if (isStill) {
    const time = shortDuration(PATIENCE_MS[deployment.isLocal ? 'local' : 'aws']);
    for (const type of running) {
      const note = notes.get(type);
      const owner = boundary.caches[type]?.contract.owner;
      print(
        note !== undefined && isRead(note)
          ? `${type} stands still: the queue of ${name} has not drained for ${time}`
          : `${type} stands still: no page has come from ${owner} to ${name} for ${time}`,
      );
    }
    print(`to see why: ${typed('logs repair --errors', on)}`);
  }
  if (notStarted.length > 0) print(`not started: ${notStarted.join(', ')}`);
  if (running.length > 0) print(`the work goes on in ${deployment.place}; to follow it: ${again}`);
}
