import type { Boundary } from '../contract/contract.ts';
import { adoptedTypes } from '../contract/define-boundary.ts';
import type { EntityRef } from '../entity.ts';
import { isTombstone } from '../own/own.ts';
import type { AnswerPorts } from '../repair/answer.ts';
import { type BeginSurveyPorts, dueSurvey, type SurveyDue } from './begin-survey.ts';
import type { Copy } from './decide.ts';
import type { WireItem } from './item.ts';
import { mapItem, type Refusal } from './map.ts';
import {
  type Look,
  type Pair,
  type Survey,
  type SurveyPorts,
  sum,
  surveyEntities,
  surveyPairs,
} from './survey-entities.ts';
import { AGAIN, ITEMS, type SurveyNote } from './survey-note.ts';
import { isWaiting, MAX_SET_ASIDE, mayBeOnItsWay, mustLookAgain, withSuspects } from './suspects.ts';

/** A page of an existing table's items. */
export interface ItemPage {
  readonly items: readonly WireItem[];
  /** Where the next page begins; undefined for the last page. */
  readonly next: string | undefined;
}

/** The ports of a survey. */
export interface SurveyRunPorts extends SurveyPorts, BeginSurveyPorts, Pick<AnswerPorts, 'list'> {
  /** Reads a page of the existing table's items consistently. */
  scan(cursor: string | undefined, limit: number): Promise<ItemPage>;
  /** Whether the survey has to wait, because caches can't take more changes of the owner now. */
  isPaused(): Promise<boolean>;
  /** Waits until so many more items may be read. */
  pace(items: number): Promise<void>;
  /** Waits. */
  pause(ms: number): Promise<void>;
  /** Sets an item aside that can't be published. */
  setAside(refusal: Refusal, entity: EntityRef | undefined, item: WireItem | undefined): Promise<void>;
}

/** Items of a page. Reading them, and their copies, takes one call each. */
const PAGE = 100;

/**
 * Longest wait within an invocation for the changes that are on their way, and how long each step of it takes. Without
 * a lag, the wait ends in the same invocation, instead of the next one a minute later.
 */
const MAX_WAIT_MS = 15_000;
const WAIT_STEP_MS = 1_000;

/** What a slice of work led to. */
export interface Slice {
  /** The note of the survey that was worked on. */
  readonly note: SurveyNote;
  /** The part of its counts that this slice adds. */
  readonly found: Pick<SurveyNote, 'compared' | 'mended' | 'deleted' | 'refused'>;
  /** The first failure to set an item aside; undefined without one. The next survey sets the item aside again. */
  readonly cause: unknown;
}

/**
 * Works on the survey of an existing table until it ends, pauses or the time is up, and begins one when it is due:
 * first the items that have no copy, then the copies, of which the stream may have lost a change or the deletion. What
 * differs is looked at again once the adopter has passed the first look, and is mended if it still differs.
 * Returns undefined if nothing is due or the survey pauses.
 */
export async function surveySlice(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  ports: SurveyRunPorts,
  due: SurveyDue,
  hasTime: () => boolean,
): Promise<Slice | undefined> {
  if (await ports.isPaused()) return undefined;
  let current = await dueSurvey(boundary, ports, due);
  if (current === undefined) return undefined;
  const found = { compared: 0, mended: 0, deleted: 0, refused: 0 };
  let cause: unknown;
  while (current.endedAtMs === undefined && hasTime() && !(await ports.isPaused())) {
    if (isWaiting(current, due.lagMs, ports.nowMs())) {
      if (isWaiting(current, due.lagMs, ports.nowMs() + MAX_WAIT_MS)) break;
      await ports.pause(WAIT_STEP_MS);
      continue;
    }
    const { survey, after: changed } = mustLookAgain(current)
      ? await lookAgain(boundary, current, ports)
      : await page(boundary, current, ports);
    const asideLeft = Math.max(0, MAX_SET_ASIDE - current.refused);
    for (const { reason, explanation, entity, item } of survey.refused.slice(0, asideLeft)) {
      try {
        await ports.setAside({ reason, explanation }, entity, item);
      } catch (error) {
        // An item that never can be set aside doesn't keep the survey on its page.
        cause ??= error;
      }
    }
    const { compared, mended, deleted, refused } = survey;
    const counts = { compared, mended, deleted, refused: refused.length };
    for (const key of Object.keys(found) as (keyof typeof found)[]) found[key] += counts[key];
    const after: SurveyNote = { ...changed, ...added(current, counts), seq: current.seq + 1 };
    // Another invocation is at work. It goes on from its own note.
    if ((await ports.notes.write(boundary.name, after)) === 'changed') break;
    current = after;
  }
  return { note: current, found, cause };
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

/** What a page found. A refusal has the item, if it was read from the table. */
type Found = Omit<Survey, 'refused'> & {
  readonly refused: readonly (Refusal & { readonly entity?: EntityRef | undefined; readonly item?: WireItem })[];
};

/** What a page or the second look found, and the note after it, without its counts. */
interface Step {
  readonly survey: Found;
  readonly after: SurveyNote;
}

async function page(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  note: SurveyNote,
  ports: SurveyRunPorts,
): Promise<Step> {
  await ports.pace(PAGE);
  const { survey, next } = await pageOf(boundary, note, ports);
  const suspects = withSuspects(note, survey.doubted, ports.nowMs());
  return { survey, after: following(boundary, { ...note, suspects }, next, ports.nowMs()) };
}

/** The second look at what differed, of which the entities are compared already. */
async function lookAgain(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  { suspects, ...note }: SurveyNote,
  ports: SurveyRunPorts,
): Promise<Step> {
  const first = suspects?.entities ?? [];
  await ports.pace(first.length);
  const survey = { ...(await surveyEntities(boundary, first, ports, { first })), compared: 0 };
  return { survey, after: note.reads === AGAIN ? ended(note, ports.nowMs()) : note };
}

async function pageOf(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  note: SurveyNote,
  ports: SurveyRunPorts,
): Promise<{ readonly survey: Found; readonly next: string | undefined }> {
  const { reads, cursor, startedAtMs } = note;
  const isDoubted = mayBeOnItsWay(note);
  if (reads === ITEMS) return itemPage(boundary, cursor, ports, { isDoubted });
  const { entities, next } = await ports.list(reads, cursor, { limit: PAGE, withStates: false });
  const live = entities.flatMap((one) => ('entity' in one && !isTombstone(one) ? [one.entity] : []));
  return { survey: await surveyEntities(boundary, live, ports, { since: startedAtMs, isDoubted }), next };
}

/**
 * Copies the items that have no copy. An item whose copy is deleted is read again, after the copy, because the item may
 * have been deleted since. Copies that are live are compared later.
 */
async function itemPage(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  cursor: string | undefined,
  ports: SurveyRunPorts,
  look: Look,
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
    look,
  );
  const deleted = pairs.filter((_, index) => copies[index]?.isDeleted === true).map(({ entity }) => entity);
  const again = await surveyEntities(boundary, deleted, ports, look);
  const unread = mapped.flatMap(({ item, read }) => (read.kind === 'refused' ? [{ ...read, item }] : []));
  const survey = sum(added, again);
  return { survey: { ...survey, refused: [...unread, ...survey.refused] }, next };
}

/** The note after a page: of the next page, of the next type, of the second look, or of the end. */
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
  return before.suspects === undefined ? ended(rest, nowMs) : { ...rest, reads: AGAIN };
}

function ended(note: SurveyNote, nowMs: number): SurveyNote {
  const { startedAtMs, types, source } = note;
  return { ...note, endedAtMs: nowMs, last: { startedAtMs, endedAtMs: nowMs, types, source } };
}
