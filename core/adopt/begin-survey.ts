import type { Boundary } from '../contract/contract.ts';
import { adoptedTypes } from '../contract/define-boundary.ts';
import type { NoteStore } from '../repair/note.ts';
import { type ExistingTable, ITEMS, isSurveyOf, type SurveyNote } from './survey-note.ts';

/** What beginning a survey needs. */
export interface BeginSurveyPorts {
  readonly notes: NoteStore<SurveyNote>;
  nowMs(): number;
}

/** An operator's request to the function that surveys an existing table. */
export const SURVEY_REQUEST = { operation: 'survey' } as const;

/** Whether an event is such a request. Events of a schedule and of a deployment have no operation. */
export function isSurveyRequest(event: object): boolean {
  return 'operation' in event && event.operation === SURVEY_REQUEST.operation;
}

type Surveyed = Pick<Boundary, 'name' | 'owns' | 'epoch'>;

/** What is surveyed, and when. */
export interface SurveyDue {
  readonly table: ExistingTable;
  readonly everyMs: number;
  /** See `VouchNote.lostAtMs`. A survey that began before doesn't find all that was lost. */
  readonly lostAtMs?: number | undefined;
  /** See `lagOf`. */
  readonly lagMs?: number | undefined;
}

/** The survey that is under way, or a new one if one is due. */
export async function dueSurvey(
  boundary: Surveyed,
  ports: BeginSurveyPorts,
  { table, everyMs, lostAtMs = 0 }: SurveyDue,
): Promise<SurveyNote | undefined> {
  const isDue = ({ startedAtMs }: SurveyNote) => startedAtMs < lostAtMs || ports.nowMs() - startedAtMs >= everyMs;
  return (await begin(boundary, ports, table, isDue))?.note;
}

/** A survey that was asked for, and whether the request began it. */
export interface RequestedSurvey {
  readonly startedAtMs: number;
  readonly isNew: boolean;
}

/** Begins a survey, although none is due. A survey that is under way goes on instead. Its work is that of a slice. */
export async function requestSurvey(
  boundary: Surveyed,
  ports: BeginSurveyPorts,
  table: ExistingTable,
): Promise<RequestedSurvey> {
  const begun = await begin(boundary, ports, table, () => true);
  if (begun !== undefined) return { startedAtMs: begun.note.startedAtMs, isNew: begun.isNew };
  // Another request, or the schedule, has begun one at the same time.
  const other = await ports.notes.read(boundary.name);
  if (other === undefined) throw new Error(`the note of the survey of ${boundary.name} was removed`);
  return { startedAtMs: other.startedAtMs, isNew: false };
}

/**
 * The survey that is under way, or a new one.
 *
 * @param isDue whether one begins, given the last one of the same types and source
 * @returns undefined if none is due, or if another one began at the same time
 */
async function begin(
  boundary: Surveyed,
  { notes, nowMs }: BeginSurveyPorts,
  table: ExistingTable,
  isDue: (ended: SurveyNote) => boolean,
): Promise<{ readonly note: SurveyNote; readonly isNew: boolean } | undefined> {
  const source = { ...table, epoch: boundary.epoch };
  const before = await notes.read(boundary.name);
  const types = Object.fromEntries(
    adoptedTypes(boundary).map((type) => [type, boundary.owns[type]?.schemaVersion ?? 1]),
  );
  if (before !== undefined && isSurveyOf(before, types, source)) {
    if (before.endedAtMs === undefined) return { note: before, isNew: false };
    if (!isDue(before)) return undefined;
  }
  const note: SurveyNote = {
    ...{ startedAtMs: nowMs(), types, source, reads: ITEMS, compared: 0, mended: 0, deleted: 0, refused: 0 },
    ...(before?.last && { last: before.last }),
    isFirst: before?.last === undefined || !isSurveyOf(before.last, types, source),
    seq: (before?.seq ?? 0) + 1,
  };
  return (await notes.write(boundary.name, note)) === 'stored' ? { note, isNew: true } : undefined;
}
