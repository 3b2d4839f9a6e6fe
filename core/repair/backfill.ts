import * as z from 'zod/mini';
import type { CachedType } from '../contract/contract.ts';
import type { Completeness } from '../read/staleness.ts';
import { receivesAllFromMs } from '../read/staleness.ts';
import { changeNote, type NoteStore } from './note.ts';
import type { OwnerPage, PageRequest } from './pages.ts';
import { CLOCK_MARGIN_MS, FREE_BACKLOG, isPageLost, MAX_ASKED_AGAIN } from './waiting.ts';

const common = {
  /** See `Note`; a note of a release without it has none. */
  seq: z._default(z.int(), 0),
  sent: z.int(),
  /** The revision of the cache's fields; undefined in a note of a release that didn't note it. */
  revision: z.optional(z.int()),
  unsendableCount: z._default(z.int(), 0),
  /** The first entities that the owner can't send. */
  unsendable: z._default(z.array(z.object({ id: z.string(), why: z.string() })), []),
};

const note = z.discriminatedUnion('status', [
  z.object({
    ...common,
    status: z.literal('filling'),
    /** ISO 8601. */
    startedAt: z.string(),
    run: z.string(),
    /** Number of the page that is awaited. */
    index: z.int(),
    cursor: z.optional(z.string()),
    /** When the awaited page was asked for, epoch milliseconds. */
    askedAtMs: z.int(),
    /** How often the awaited page was asked for again. */
    askedAgain: z._default(z.int(), 0),
    /** After all pages: every state was published before this time, epoch milliseconds. */
    sentAllAtMs: z.optional(z.int()),
  }),
  z.object({
    ...common,
    status: z.literal('ready'),
    /** ISO 8601. */
    readyAt: z.string(),
    /** The run that filled the cache; undefined in a note of a release that didn't note it. */
    run: z.optional(z.string()),
  }),
]);

/** What a cache notes about the backfill of a type. */
export type BackfillNote = z.infer<typeof note>;

/** A backfill that hasn't ended. */
export type Filling = Extract<BackfillNote, { status: 'filling' }>;

/** Reads a stored note; undefined for anything else, such as an unfinished backfill of an older release. */
export function parseBackfillNote(value: unknown): BackfillNote | undefined {
  return note.safeParse(value).data;
}

/** The ports of a cache that fills itself. Each throws only if infrastructure fails. */
export interface BackfillPorts {
  readonly backfills: NoteStore<BackfillNote>;
  /** Asks the type's owner for a page, after a delay. */
  askPage(request: PageRequest, delaySeconds: number): Promise<void>;
  /** Number of messages in the cache's queue, in flight and delayed ones included. */
  backlog(): Promise<number>;
  /** The completeness that the last report found. */
  completeness(): Promise<Completeness | undefined>;
  /**
   * The time, epoch milliseconds, before which every change of the type that the owner committed has ended in the
   * cache: applied, parked, held or in any other way. 0 while it isn't known.
   */
  settledUntilMs(type: string): Promise<number>;
  /** Asks the type's owner for a heartbeat, so that `settledUntilMs` grows soon. */
  askHeartbeat(type: string): Promise<void>;
  /** Lets the type be tended again, after a delay. */
  tendLater(type: string, delaySeconds: number): Promise<void>;
}

/** A cache with a type that it keeps. */
export interface Kept {
  /** The boundary's name. */
  readonly cache: string;
  readonly type: string;
  readonly cached: Pick<CachedType, 'fieldsRevision'>;
}

/**
 * What counts of a note: undefined if the type must be filled anew, because the backfill began before the cache
 * received all events of the type, or because the cache keeps other fields since.
 */
export function currentBackfill(
  note: BackfillNote | undefined,
  known: Completeness | undefined,
  { type, cached }: { readonly type: string; readonly cached: Kept['cached'] | undefined },
): BackfillNote | undefined {
  if (note === undefined) return undefined;
  const sinceMs = Date.parse(note.status === 'filling' ? note.startedAt : note.readyAt);
  if (sinceMs < receivesAllFromMs(known, type)) return undefined;
  if (cached === undefined || note.revision === undefined) return note;
  return note.revision < cached.fieldsRevision ? undefined : note;
}

/** Whether a cache has all of a type that its owner had when the cache began to keep it. */
export async function isFilled(kept: Kept, ports: Pick<BackfillPorts, 'backfills' | 'completeness'>): Promise<boolean> {
  const [note, known] = await Promise.all([ports.backfills.read(kept.type), ports.completeness()]);
  return currentBackfill(note, known, kept)?.status === 'ready';
}

/** How tending a backfill ended. `early`: the cache doesn't receive all events of the type yet. */
export type Tended = 'early' | 'started' | 'asked again' | 'ready' | 'waiting' | 'nothing';

/**
 * Does what a backfill needs now: starts it if the type is empty, asks again for a page that doesn't come, and notes
 * `ready` once every state that was sent has ended in the cache. Safe to call at any time and more than once.
 *
 * @param run a token for a new run
 * @param stalledMs how long a page may take before it is asked for again
 */
export async function tendBackfill(
  kept: Kept,
  ports: BackfillPorts,
  { run, nowMs, stalledMs }: { readonly run: string; readonly nowMs: number; readonly stalledMs: number },
): Promise<Tended> {
  const { type } = kept;
  const known = await ports.completeness();
  const note = currentBackfill(await ports.backfills.read(type), known, kept);
  if (note === undefined) {
    if (receivesAllFromMs(known, type) > nowMs) return 'early';
    return (await beginBackfill(kept, ports, { run, nowMs })) === undefined ? 'waiting' : 'started';
  }
  if (note.status === 'ready') return 'nothing';
  if (note.sentAllAtMs !== undefined) {
    if ((await ports.settledUntilMs(type)) < note.sentAllAtMs) {
      // Later the reports let the type be tended.
      if (nowMs - note.askedAtMs < LOOK_CLOSELY_MS) await ports.tendLater(type, LOOK_CLOSELY_SECONDS);
      return 'waiting';
    }
    const { sent, revision, unsendable, unsendableCount } = note;
    const common = { seq: note.seq + 1, run: note.run, sent, revision, unsendable, unsendableCount };
    const readyAt = new Date(nowMs).toISOString();
    const written = await ports.backfills.write(type, { ...common, status: 'ready', readyAt });
    return written === 'changed' ? 'waiting' : 'ready';
  }
  if (!(await isPageLost(note.askedAtMs, { nowMs, stalledMs, backlog: ports.backlog }))) return 'waiting';
  // The owner may not know the cursor any more.
  if (note.askedAgain >= MAX_ASKED_AGAIN && note.cursor !== undefined)
    return (await beginBackfill(kept, ports, { run, nowMs })) === undefined ? 'waiting' : 'started';
  const again = { ...note, seq: note.seq + 1, askedAtMs: nowMs, askedAgain: note.askedAgain + 1 };
  if ((await ports.backfills.write(type, again)) === 'changed') return 'waiting';
  await ports.askPage(requestOf(kept, note), 0);
  return 'asked again';
}

/**
 * Starts a backfill in place of whatever was noted before. Returns its note; undefined if another one was started at
 * the same time.
 */
export async function beginBackfill(
  kept: Kept,
  ports: Pick<BackfillPorts, 'backfills' | 'askPage'>,
  { run, nowMs }: { readonly run: string; readonly nowMs: number },
): Promise<Filling | undefined> {
  const before = await ports.backfills.read(kept.type);
  const begun: Filling = {
    seq: (before?.seq ?? 0) + 1,
    status: 'filling',
    startedAt: new Date(nowMs).toISOString(),
    run,
    revision: kept.cached.fieldsRevision,
    index: 0,
    sent: 0,
    unsendable: [],
    unsendableCount: 0,
    askedAtMs: nowMs,
    askedAgain: 0,
  };
  if ((await ports.backfills.write(kept.type, begun)) === 'changed') return undefined;
  await ports.askPage(requestOf(kept, begun), 0);
  return begun;
}

/** How long after the last page, and how often, the cache looks whether all states have ended in it. */
const LOOK_CLOSELY_MS = 30_000;
const LOOK_CLOSELY_SECONDS = 1;

/** Most unsendable entities that a note names. */
const MAX_NAMED = 20;

/**
 * Takes a page into account: notes the progress, and asks for the next page. Pages of other runs and pages that were
 * noted before are left out, so a page that arrives twice doesn't start a second chain of requests.
 *
 * @param isRedelivered whether the page's message was received before. The request for the next page may then be
 *   missing, so it is made again.
 */
export async function takeBackfillPage(
  kept: Kept,
  page: OwnerPage,
  ports: BackfillPorts,
  { nowMs, isRedelivered }: { readonly nowMs: number; readonly isRedelivered: boolean },
): Promise<'taken' | 'left out'> {
  const { type } = kept;
  const noted = await changeNote(ports.backfills, type, (note) => {
    if (note?.status !== 'filling' || note.run !== page.run || note.index !== page.index) return undefined;
    if (note.sentAllAtMs !== undefined) return undefined;
    const { cursor: _, ...rest } = note;
    return {
      ...rest,
      index: note.index + 1,
      sent: note.sent + page.sent,
      unsendableCount: note.unsendableCount + page.unsendableCount,
      unsendable: [...note.unsendable, ...page.unsendable].slice(0, MAX_NAMED),
      askedAtMs: nowMs,
      askedAgain: 0,
      // The owner's clock may be ahead.
      ...(page.next === undefined
        ? { sentAllAtMs: Math.max(nowMs, Math.min(page.readAtMs, nowMs + CLOCK_MARGIN_MS)) }
        : { cursor: page.next }),
    };
  });
  const current = noted ?? (isRedelivered ? await ports.backfills.read(type) : undefined);
  if (current?.status !== 'filling' || current.run !== page.run || current.index !== page.index + 1) return 'left out';
  if (current.sentAllAtMs === undefined) {
    await ports.askPage(requestOf(kept, current), yieldSeconds(await ports.backlog()));
  } else {
    await ports.askHeartbeat(type);
    await ports.tendLater(type, LOOK_CLOSELY_SECONDS);
  }
  return 'taken';
}

/** Longest wait before a further page of a backfill, in seconds. */
const LONGEST_YIELD_SECONDS = 60;

/**
 * Returns how long a cache waits before it asks for the next page, in seconds. A cache with a backlog asks more slowly,
 * so that live events don't wait behind the backfill: a second for each 100 messages above FREE_BACKLOG.
 */
export function yieldSeconds(backlog: number): number {
  return Math.min(LONGEST_YIELD_SECONDS, Math.max(0, Math.ceil((backlog - FREE_BACKLOG) / 100)));
}

function requestOf({ cache, type }: Kept, { run, index, cursor }: Filling): PageRequest {
  return { purpose: 'backfill', type, cache, run, index, cursor, readsCompressed: true };
}
