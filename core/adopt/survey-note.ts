import * as z from 'zod/mini';

/** The first part of a survey. The other parts are named by their type. */
export const ITEMS = '#items';

/** The last part of a survey: the second look at what differed. */
export const AGAIN = '#again';

const count = z.int().check(z.gte(0));
const types = z.record(z.string(), count);

/** What is surveyed. Another table or stream, or a restore of the owner's table, needs another survey. */
const source = z.object({ tableArn: z.string(), streamArn: z.string(), epoch: count });

/** See `source`. */
export type SurveySource = z.infer<typeof source>;

/** An existing table, and the stream of it whose records are copied. */
export type ExistingTable = Omit<SurveySource, 'epoch'>;

/** An entity whose copy differed at the first look, and the version of the copy then; 0 without a copy. */
const suspect = z.object({ type: z.string(), id: z.string(), version: count });

/** See `suspect`. */
export type Suspect = z.infer<typeof suspect>;

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
  /** What is read: the items of the existing table, the copies of a type, or again what differed. */
  reads: z.string(),
  /** Where the next page begins; undefined for the first page. */
  cursor: z.optional(z.string()),
  /** What is looked at again, and when the last of it was first looked at, epoch milliseconds. */
  suspects: z.optional(z.object({ seenAtMs: z.number(), entities: z.array(suspect) })),
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

/** Whether a survey is one of the same table, stream and epoch. */
export function isSameSource(a: SurveySource, b: SurveySource): boolean {
  return a.tableArn === b.tableArn && a.streamArn === b.streamArn && a.epoch === b.epoch;
}

/** Whether a survey, or the last one that ended, is one of these types and this source. */
export function isSurveyOf(
  done: Pick<SurveyNote, 'types' | 'source'>,
  types: SurveyNote['types'],
  source: SurveySource,
): boolean {
  return isEqual(done.types, types) && isSameSource(done.source, source);
}

function isEqual(a: SurveyNote['types'], b: SurveyNote['types']): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([type, one]) => b[type] === one);
}
