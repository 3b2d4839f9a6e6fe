import * as z from 'zod/mini';
import { type BackfillPorts, isFilled, type Kept } from './backfill.ts';
import { type CertainDifference, compareEntries, type InventoryRecord } from './compare-page.ts';
import { changeNote, type NoteStore } from './note.ts';
import type { OwnerPage, PageRequest } from './pages.ts';
import type { Suspects } from './suspects.ts';
import { CLOCK_MARGIN_MS, isPageLost, MAX_ASKED_AGAIN } from './waiting.ts';

const count = z.int().check(z.gte(0));
const healable = z.object({ missing: count, behind: count, different: count });

const note = z.object({
  seq: z.int(),
  run: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  /** Whether the cache asks the owner for what differs. */
  heals: z.boolean(),
  /** When the last inventory began that asked the owner for what differed, ISO 8601; undefined if there was none. */
  healingAt: z.optional(z.string()),
  /** Number of the page that is awaited. */
  index: z.int(),
  cursor: z.optional(z.string()),
  /** When the awaited page was asked for, epoch milliseconds. */
  askedAtMs: z.int(),
  /** How often the awaited page was asked for again. */
  askedAgain: z._default(z.int(), 0),
  /** Whether the last page has come. */
  isRead: z.boolean(),
  /** The pages with entities that are looked at again: number of the page, and how often they were looked at. */
  open: z.record(z.string(), z.int()),
  /** Entities of the owner that were compared. */
  compared: count,
  /** Entities that differed at first, because their event was in flight. */
  inFlight: count,
  /** Entities whose event is parked or held, or is a gap that is being closed. */
  setAside: count,
  found: z.object({
    ...healable.shape,
    /** Entities with a version that the owner doesn't have. */
    ahead: count,
    /** Entities with the owner's version and another state: immutability was broken. */
    conflicting: count,
    /** Entities that the owner doesn't know. */
    unknown: count,
  }),
  healed: healable,
  /** Entities that the owner was asked for in vain. */
  unhealed: count,
  /** Entities whose event may still have been in flight when the inventory stopped waiting for it. */
  undecided: z._default(count, 0),
  /** The first entities that differ. */
  examples: z.array(z.object({ id: z.string(), difference: z.string(), version: z.int() })),
  /** ISO 8601. */
  endedAt: z.optional(z.string()),
});

/** What a cache notes about the last inventory of a type. */
export type InventoryNote = z.infer<typeof note>;

/** Reads a stored note; undefined for anything else. */
export function parseInventoryNote(value: unknown): InventoryNote | undefined {
  return note.safeParse(value).data;
}

/** The ports of a cache that checks itself. Each throws only if infrastructure fails. */
export interface InventoryPorts extends Pick<BackfillPorts, 'backfills' | 'completeness' | 'backlog'> {
  readonly inventories: NoteStore<InventoryNote>;
  /** Asks the type's owner for a page, after a delay. */
  askPage(request: PageRequest, delaySeconds: number): Promise<void>;
  /** The cache's entities of a type between two cursors of a table, in the table's order. */
  range(type: string, from: string | undefined, to: string | undefined): Promise<readonly InventoryRecord[]>;
  /** The cache's entities with these ids; those that the cache doesn't have are left out. */
  records(type: string, ids: readonly string[]): Promise<readonly InventoryRecord[]>;
  /** Sends entities to be looked at again, after a delay. */
  lookAgain(suspects: Suspects, delaySeconds: number): Promise<void>;
  /** Tells that an inventory has ended. Called once, also if its last message is delivered again. */
  ended(type: string, note: InventoryNote): void;
}

/** The entities that differ after an inventory, and that only a person can judge. */
export function differing({ found, unhealed, undecided }: InventoryNote): number {
  return unhealed + undecided + found.ahead + found.conflicting + found.unknown;
}

const NONE = { missing: 0, behind: 0, different: 0 };

/** Starts an inventory in place of the one before. Returns its note; undefined if another one was started meanwhile. */
export async function beginInventory(
  kept: Kept,
  ports: Pick<InventoryPorts, 'inventories' | 'askPage'>,
  { run, nowMs, heals }: { readonly run: string; readonly nowMs: number; readonly heals: boolean },
): Promise<InventoryNote | undefined> {
  const before = await ports.inventories.read(kept.type);
  const startedAt = new Date(nowMs).toISOString();
  const healingAt = heals ? startedAt : before?.healingAt;
  const begun: InventoryNote = {
    seq: (before?.seq ?? 0) + 1,
    run,
    startedAt,
    heals,
    ...(healingAt !== undefined && { healingAt }),
    index: 0,
    askedAtMs: nowMs,
    askedAgain: 0,
    isRead: false,
    open: {},
    compared: 0,
    inFlight: 0,
    setAside: 0,
    found: { ...NONE, ahead: 0, conflicting: 0, unknown: 0 },
    healed: NONE,
    unhealed: 0,
    undecided: 0,
    examples: [],
  };
  if ((await ports.inventories.write(kept.type, begun)) === 'changed') return undefined;
  await ports.askPage(requestOf(kept, begun), 0);
  return begun;
}

/** How long the entities of one page may take to be looked at, before a new inventory may replace the old one. */
const LONGEST_OPEN_MS = 24 * 3_600_000;

/** Whether an inventory goes on. One whose entities can't be looked at any more doesn't, because a message was lost. */
export function isRunning(note: InventoryNote | undefined, nowMs: number): note is InventoryNote {
  if (note === undefined || note.endedAt !== undefined) return false;
  return !note.isRead || nowMs - note.askedAtMs < LONGEST_OPEN_MS;
}

/** When an inventory is due, and what a running one needs. */
export interface InventorySchedule {
  readonly run: string;
  readonly nowMs: number;
  /** How long a page may take before it is asked for again. */
  readonly stalledMs: number;
  /** Time between two inventories; undefined: only on request. */
  readonly everyMs: number | undefined;
  /** When the cache was filled with the type, epoch milliseconds. */
  readonly filledAtMs: number;
}

/**
 * Starts an inventory if one is due, and asks again for a page that doesn't come. Safe to call at any time and more
 * than once.
 */
export async function tendInventory(
  kept: Kept,
  ports: InventoryPorts,
  { run, nowMs, stalledMs, everyMs, filledAtMs }: InventorySchedule,
): Promise<'started' | 'asked again' | 'waiting' | 'nothing'> {
  const before = await ports.inventories.read(kept.type);
  if (isRunning(before, nowMs)) {
    if (before.isRead || isFull(before)) return 'waiting';
    if (!(await isPageLost(before.askedAtMs, { nowMs, stalledMs, backlog: ports.backlog }))) return 'waiting';
    // The owner may not know the cursor any more.
    if (before.askedAgain >= MAX_ASKED_AGAIN && before.cursor !== undefined) {
      const begun = await beginInventory(kept, ports, { run, nowMs, heals: before.heals });
      return begun === undefined ? 'waiting' : 'started';
    }
    const again = { ...before, seq: before.seq + 1, askedAtMs: nowMs, askedAgain: before.askedAgain + 1 };
    if ((await ports.inventories.write(kept.type, again)) === 'changed') return 'waiting';
    await ports.askPage(requestOf(kept, before), 0);
    return 'asked again';
  }
  if (everyMs === undefined || nowMs - lastHealingMs(before, filledAtMs) < everyMs) return 'nothing';
  return (await beginInventory(kept, ports, { run, nowMs, heals: true })) === undefined ? 'waiting' : 'started';
}

/** From when the time until the next inventory counts. One that only reports doesn't put it off. */
export function lastHealingMs(note: InventoryNote | undefined, filledAtMs: number): number {
  return Math.max(filledAtMs, Date.parse(note?.healingAt ?? new Date(0).toISOString()));
}

/** Most entities that a note names. */
export const MAX_EXAMPLES = 20;

/** Most pages with entities to look at. The note names them. */
const MAX_OPEN = 1_000;

function isFull({ open }: Pick<InventoryNote, 'open'>): boolean {
  return Object.keys(open).length >= MAX_OPEN;
}

/**
 * Wait before the first look at entities whose event may be in flight. A heartbeat that is asked for then is later than
 * the page by more than CLOCK_MARGIN_MS, so one heartbeat shows that everything before the page has ended.
 */
const FIRST_LOOK_SECONDS = 6;

/**
 * Compares a page of the owner with the cache, sends what seems to be missing or behind to be looked at again, and asks
 * for the next page. See `takeBackfillPage` about pages that arrive twice.
 */
export async function takeInventoryPage(
  kept: Kept,
  page: OwnerPage,
  ports: InventoryPorts,
  { nowMs, isRedelivered }: { readonly nowMs: number; readonly isRedelivered: boolean },
): Promise<'taken' | 'left out'> {
  const { type, cached } = kept;
  // A cache that is filled anew lacks what the backfill will bring. The inventory goes on afterwards.
  if (!(await isFilled(kept, ports))) return 'left out';
  const before = await ports.inventories.read(type);
  if (before === undefined || before.run !== page.run || before.isRead || before.index !== page.index) {
    const isNoted = before?.run === page.run && before.index === page.index + 1;
    if (!isNoted || !isRedelivered) return 'left out';
    if (!before.isRead && !isFull(before)) await ports.askPage(requestOf(kept, before), 0);
    return 'taken';
  }
  const records = page.isTableRange
    ? await ports.range(type, page.cursor, page.next)
    : await ports.records(
        type,
        page.entries.map(([id]) => id),
      );
  const { suspects, certain } = compareEntries(page, records, cached.fieldsRevision);
  // Sent first: entities that are looked at without a note are looked at once more, see `lookAtSuspects`.
  if (suspects.length > 0) {
    const { run, index } = page;
    const [readAtMs, readUntilMs] = [page.readAtMs, page.readUntilMs ?? page.readAtMs].map((ms) =>
      Math.min(ms, nowMs + CLOCK_MARGIN_MS),
    ) as [number, number];
    await ports.lookAgain(
      { type, run, index, round: 0, readAtMs, readUntilMs, suspects: [...suspects] },
      FIRST_LOOK_SECONDS,
    );
  }
  const noted = await changeNote(ports.inventories, type, (note) => {
    if (note === undefined || note.run !== page.run || note.isRead || note.index !== page.index) return undefined;
    const { cursor: _, ...rest } = note;
    return closed(
      {
        ...rest,
        index: note.index + 1,
        ...(page.next !== undefined && { cursor: page.next }),
        isRead: page.next === undefined,
        askedAtMs: nowMs,
        askedAgain: 0,
        open: suspects.length > 0 ? { ...note.open, [page.index]: 0 } : note.open,
        compared: note.compared + page.entries.length,
        found: {
          ...note.found,
          ahead: note.found.ahead + numberOf(certain, 'ahead'),
          conflicting: note.found.conflicting + numberOf(certain, 'conflicting'),
          unknown: note.found.unknown + numberOf(certain, 'unknown'),
        },
        examples: [...note.examples, ...certain].slice(0, MAX_EXAMPLES),
      },
      nowMs,
    );
  });
  if (noted === undefined) return 'left out';
  if (noted.endedAt !== undefined) ports.ended(type, noted);
  if (!noted.isRead && !isFull(noted)) await ports.askPage(requestOf(kept, noted), 0);
  return 'taken';
}

/** Notes the end of an inventory whose pages were read and whose entities were all looked at. */
export function closed<N extends Omit<InventoryNote, 'seq'>>(note: N, nowMs: number): N {
  const isDone = note.isRead && Object.keys(note.open).length === 0 && note.endedAt === undefined;
  return isDone ? { ...note, endedAt: new Date(nowMs).toISOString() } : note;
}

function numberOf(all: readonly CertainDifference[], difference: CertainDifference['difference']): number {
  return all.filter((one) => one.difference === difference).length;
}

function requestOf({ cache, type }: Kept, { run, index, cursor }: InventoryNote): PageRequest {
  return { purpose: 'inventory', type, cache, run, index, cursor };
}
