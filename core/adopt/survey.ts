import * as z from 'zod/mini';
import type { Boundary } from '../contract/contract.ts';
import { adoptedTypes } from '../contract/define-boundary.ts';
import type { EntityRef } from '../entity.ts';
import { isTombstone } from '../own/own.ts';
import type { AnswerPorts } from '../repair/answer.ts';
import type { NoteStore } from '../repair/note.ts';
import type { Copy } from './decide.ts';
import type { WireItem } from './item.ts';
import { mapItem, type Refusal } from './map.ts';
import { type Pair, type Survey, type SurveyPorts, surveyEntities, surveyPairs } from './survey-entities.ts';

const count = z.int().check(z.gte(0));
const types = z.record(z.string(), count);

/** What is surveyed. Another table or stream, or a restore of the owner's table, needs another survey. */
const source = z.object({ tableArn: z.string(), streamArn: z.string(), epoch: count });

/** See `source`. */
export type SurveySource = z.infer<typeof source>;

/** An existing table, and the stream of it whose records are copied. */
export type ExistingTable = Omit<SurveySource, 'epoch'>;

const note = z.object({
  seq: count,
  /** When the survey began, epoch milliseconds. */
  startedAtMs: count,
  /** When it ended; undefined while it is under way. */
  endedAtMs: z.optional(count),
  /** The adopted types, each with its schema version. Another contract needs another survey. */
  types,
  source,
  /** Whether no survey of these types and this source has ended yet, so that it copies what was there before. */
  isFirst: z.boolean(),
  /** What is read: the items of the existing table, or the copies of a type. */
  reads: z.string(),
  /** Where the next page begins; undefined for the first page. */
  cursor: z.optional(z.string()),
  compared: count,
  mended: count,
  deleted: count,
  refused: count,
  /** The last survey that ended: every item that was there before it began has been copied. */
  last: z.optional(z.object({ startedAtMs: count, endedAtMs: count, types, source })),
});

/** How far the surveys of an existing table are. */
export type SurveyNote = z.infer<typeof note>;

/** Reads a note; undefined for anything else. */
export function parseSurveyNote(value: unknown): SurveyNote | undefined {
  return note.safeParse(value).data;
}

/** A page of an existing table's items. */
export interface ItemPage {
  readonly items: readonly WireItem[];
  /** Where the next page begins; undefined for the last page. */
  readonly next: string | undefined;
}

/** The ports of a survey. */
export interface SurveyRunPorts extends SurveyPorts, Pick<AnswerPorts, 'list'> {
  readonly notes: NoteStore<SurveyNote>;
  /** Reads a page of the existing table's items consistently. */
  scan(cursor: string | undefined, limit: number): Promise<ItemPage>;
  /** Whether the survey has to wait, because caches can't take more changes of the owner now. */
  isPaused(): Promise<boolean>;
  /** Waits until so many more items may be read. */
  pace(items: number): Promise<void>;
  /** Sets an item aside that can't be published. */
  setAside(refusal: Refusal, entity: EntityRef | undefined, item: WireItem | undefined): Promise<void>;
}

/** The first part of a survey. The other parts are named by their type. */
const ITEMS = '#items';

/** Items of a page. Reading them, and their copies, takes one call each. */
const PAGE = 100;

/** Most items that one survey sets aside. The note counts all of them. */
const MAX_SET_ASIDE = 100;

/** What a slice of work led to. */
export interface Slice {
  /** The note of the survey that was worked on. */
  readonly note: SurveyNote;
  /** The part of its counts that this slice adds. */
  readonly found: Pick<SurveyNote, 'compared' | 'mended' | 'deleted' | 'refused'>;
}

/**
 * Works on the survey of an existing table until it ends, pauses or the time is up, and begins one when it is due:
 * first the items that have no copy, then the copies, of which the stream may have lost a change or the deletion.
 * Returns undefined if nothing is due or the survey pauses.
 */
export async function surveySlice(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  ports: SurveyRunPorts,
  { table, everyMs }: { readonly table: ExistingTable; readonly everyMs: number },
  hasTime: () => boolean,
): Promise<Slice | undefined> {
  if (await ports.isPaused()) return undefined;
  let current = await dueSurvey(boundary, ports, { ...table, epoch: boundary.epoch }, everyMs);
  if (current === undefined) return undefined;
  const found = { compared: 0, mended: 0, deleted: 0, refused: 0 };
  while (current.endedAtMs === undefined && hasTime() && !(await ports.isPaused())) {
    const { survey, next } = await page(boundary, current, ports);
    for (const { reason, explanation, entity, item } of survey.refused.slice(
      0,
      Math.max(0, MAX_SET_ASIDE - current.refused),
    )) {
      await ports.setAside({ reason, explanation }, entity, item);
    }
    const counts = { ...survey, refused: survey.refused.length };
    for (const key of Object.keys(found) as (keyof typeof found)[]) found[key] += counts[key];
    const changed = following(boundary, current, next, ports.nowMs());
    const after: SurveyNote = { ...changed, ...added(current, counts), seq: current.seq + 1 };
    // Another invocation is at work. It goes on from its own note.
    if ((await ports.notes.write(boundary.name, after)) === 'changed') break;
    current = after;
  }
  return { note: current, found };
}

function added(before: SurveyNote, counts: Slice['found']): Slice['found'] {
  const { compared, mended, deleted, refused } = before;
  return {
    compared: compared + counts.compared,
    mended: mended + counts.mended,
    deleted: deleted + counts.deleted,
    refused: refused + counts.refused,
  };
}

/** The survey that is under way, or a new one if one is due. */
async function dueSurvey(
  boundary: Pick<Boundary, 'name' | 'owns'>,
  { notes, nowMs }: SurveyRunPorts,
  source: SurveySource,
  everyMs: number,
): Promise<SurveyNote | undefined> {
  const before = await notes.read(boundary.name);
  const types = Object.fromEntries(
    adoptedTypes(boundary).map((type) => [type, boundary.owns[type]?.schemaVersion ?? 1]),
  );
  const isOfThese = before !== undefined && isOf(before, types, source);
  if (isOfThese && before.endedAtMs === undefined) return before;
  if (isOfThese && nowMs() - before.startedAtMs < everyMs) return undefined;
  const begun: SurveyNote = {
    ...{ startedAtMs: nowMs(), types, source, reads: ITEMS, compared: 0, mended: 0, deleted: 0, refused: 0 },
    ...(before?.last && { last: before.last }),
    isFirst: before?.last === undefined || !isOf(before.last, types, source),
    seq: (before?.seq ?? 0) + 1,
  };
  return (await notes.write(boundary.name, begun)) === 'stored' ? begun : undefined;
}

function isOf(done: Pick<SurveyNote, 'types' | 'source'>, types: SurveyNote['types'], source: SurveySource): boolean {
  return isEqual(done.types, types) && isSameSource(done.source, source);
}

/** Whether a survey is one of the same table, stream and epoch. */
export function isSameSource(a: SurveySource, b: SurveySource): boolean {
  return a.tableArn === b.tableArn && a.streamArn === b.streamArn && a.epoch === b.epoch;
}

function isEqual(a: SurveyNote['types'], b: SurveyNote['types']): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([type, one]) => b[type] === one);
}

/** What a page found. A refusal has the item, if it was read from the table. */
type Found = Omit<Survey, 'refused'> & {
  readonly refused: readonly (Refusal & { readonly entity?: EntityRef | undefined; readonly item?: WireItem })[];
};

async function page(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  { reads, cursor, startedAtMs }: SurveyNote,
  ports: SurveyRunPorts,
): Promise<{ readonly survey: Found; readonly next: string | undefined }> {
  await ports.pace(PAGE);
  if (reads === ITEMS) return itemPage(boundary, cursor, ports);
  const { entities, next } = await ports.list(reads, cursor, { limit: PAGE, withStates: false });
  const live = entities.flatMap((one) => ('entity' in one && !isTombstone(one) ? [one.entity] : []));
  return { survey: await surveyEntities(boundary, live, ports, startedAtMs), next };
}

/**
 * Copies the items that have no copy. An item whose copy is deleted is read again, after the copy, because the item may
 * have been deleted since. Copies that are live are compared later.
 */
async function itemPage(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  cursor: string | undefined,
  ports: SurveyRunPorts,
): Promise<{ readonly survey: Found; readonly next: string | undefined }> {
  const atMs = ports.nowMs();
  const { items, next } = await ports.scan(cursor, PAGE);
  const mapped = items.map((item) => ({ item, read: mapItem(boundary, item) }));
  const pairs = mapped.flatMap(({ item, read }): Pair[] =>
    read.kind === 'entity' ? [{ entity: read.found.entity, copy: undefined, item, atMs }] : [],
  );
  const copies: readonly (Copy | undefined)[] =
    pairs.length === 0 ? [] : await ports.copies(pairs.map(({ entity }) => entity));
  const added = await surveyPairs(
    boundary,
    pairs.filter((_, index) => copies[index] === undefined),
    ports,
  );
  const deleted = pairs.filter((_, index) => copies[index]?.isDeleted === true).map(({ entity }) => entity);
  const again = await surveyEntities(boundary, deleted, ports);
  const unread = mapped.flatMap(({ item, read }) => (read.kind === 'refused' ? [{ ...read, item }] : []));
  const survey = {
    compared: added.compared + again.compared,
    mended: added.mended + again.mended,
    deleted: added.deleted + again.deleted,
    refused: [...unread, ...added.refused, ...again.refused],
  };
  return { survey, next };
}

/** The note after a page: of the next page, of the next type, or of the end. */
function following(
  boundary: Pick<Boundary, 'owns'>,
  before: SurveyNote,
  next: string | undefined,
  nowMs: number,
): SurveyNote {
  const { cursor: _, ...rest } = before;
  if (next !== undefined) return { ...rest, cursor: next };
  const parts = [ITEMS, ...adoptedTypes(boundary)];
  const reads = parts[parts.indexOf(before.reads) + 1];
  if (reads !== undefined) return { ...rest, reads };
  const { startedAtMs, types, source } = before;
  return { ...rest, endedAtMs: nowMs, last: { startedAtMs, endedAtMs: nowMs, types, source } };
}
