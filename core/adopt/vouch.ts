import * as z from 'zod/mini';
import type { Boundary } from '../contract/contract.ts';
import { adoptedTypes } from '../contract/define-boundary.ts';
import { UNVOUCHED_MS } from '../entity.ts';
import { type ExistingTable, isSameSource, type SurveyNote } from './survey-note.ts';

const note = z.object({
  seq: z.int().check(z.gte(0)),
  /** When this was determined, epoch milliseconds. */
  atMs: z.number(),
  /**
   * For each type the time, in epoch milliseconds, before which every change of the existing table has been copied.
   * Types for which nobody can say that are left out.
   */
  untilMs: z.record(z.string(), z.number()),
  /** When the adopter was last seen to read the stream, epoch milliseconds; undefined if it never was. */
  readAtMs: z.optional(z.number()),
  /** The end of the last outage in which the stream may have lost changes. Only a later survey finds them. */
  lostAtMs: z.optional(z.number()),
});

/** Up to when the copies of an existing table are complete. */
export type VouchNote = z.infer<typeof note>;

/** Reads a note; undefined for anything else. */
export function parseVouchNote(value: unknown): VouchNote | undefined {
  return note.safeParse(value).data;
}

/** What is known of the function that copies the changes of an existing table. */
export interface AdopterSeen {
  /** The stream of its event source mapping. */
  readonly streamArn: string | undefined;
  /** State of its event source mapping, such as `Enabled`. */
  readonly state: string | undefined;
  /** The mapping's last result: `PROBLEM: …` if the function failed (lambda/API_EventSourceMappingConfiguration). */
  readonly lastResult: string | undefined;
  /** The function's reserved concurrency; 0 stops it. */
  readonly reserved: number | undefined;
  /** The longest time from a change to its copy in the last minutes, in milliseconds; undefined without changes. */
  readonly delayMs: number | undefined;
}

/** The time in which Lambda reads a record and invokes the function, and the rounding of a record's time. */
const MARGIN_MS = 10_000;

/** A note is from the last run of a schedule of one minute, or from the one before. */
const LIFE_MS = 150_000;

/**
 * The longest outage in which no change is lost. Lambda gives a record up after 23 hours, and a stream keeps it for 24
 * hours (ddb/Streams).
 */
const LONGEST_OUTAGE_MS = 22 * 3_600_000;

/** Whether the adopter reads the table's stream. */
export function isReading(table: ExistingTable, { streamArn, state, lastResult, reserved }: AdopterSeen): boolean {
  return state === 'Enabled' && reserved !== 0 && !lastResult?.startsWith('PROBLEM') && streamArn === table.streamArn;
}

/**
 * The time after which every change has been copied, in milliseconds, as far as the adopter's last delays tell it;
 * undefined while the adopter doesn't read the table's stream.
 */
export function lagOf(table: ExistingTable, seen: AdopterSeen): number | undefined {
  return isReading(table, seen) ? MARGIN_MS + (seen.delayMs ?? 0) : undefined;
}

/** What a note says of outages, after the adopter was seen again. */
export function outages(
  before: VouchNote | undefined,
  table: ExistingTable,
  seen: AdopterSeen,
  nowMs: number,
): Pick<VouchNote, 'readAtMs' | 'lostAtMs'> {
  const { readAtMs, lostAtMs } = before ?? {};
  if (!isReading(table, seen)) return { readAtMs, lostAtMs };
  const outageMs = Math.max(nowMs - (readAtMs ?? nowMs), seen.delayMs ?? 0);
  return { readAtMs: nowMs, lostAtMs: outageMs > LONGEST_OUTAGE_MS ? nowMs : lostAtMs };
}

/** Whether no survey has ended for twice the time after which the next one is due. */
export function isOverdue(survey: SurveyNote | undefined, everyMs: number, nowMs: number): boolean {
  return survey !== undefined && nowMs - (survey.last?.endedAtMs ?? survey.startedAtMs) > 2 * everyMs;
}

/**
 * Determines up to when each adopted type is complete: until just now, if the adopter reads the table's
 * stream and the first survey has copied what was there before. While the adopter stands still, nothing is vouched for.
 *
 * @param lostAtMs see `VouchNote.lostAtMs`
 */
export function vouchedUntil(
  boundary: Pick<Boundary, 'owns' | 'epoch'>,
  table: ExistingTable,
  seen: AdopterSeen,
  surveys: SurveyNote | undefined,
  nowMs: number,
  lostAtMs = 0,
): VouchNote['untilMs'] {
  const lagMs = lagOf(table, seen);
  if (lagMs === undefined) return {};
  const last = surveys?.last;
  if (last === undefined || !isSameSource(last.source, { ...table, epoch: boundary.epoch })) return {};
  if (last.startedAtMs < lostAtMs) return {};
  const surveyed = last.types;
  const types = adoptedTypes(boundary).filter((type) => surveyed[type] === boundary.owns[type]?.schemaVersion);
  return Object.fromEntries(types.map((type) => [type, nowMs - lagMs]));
}

/** The time that a type's heartbeat vouches for, epoch milliseconds. */
export function heartbeatAtMs(
  boundary: Pick<Boundary, 'owns'>,
  type: string,
  vouched: VouchNote | undefined,
  nowMs: number,
): number {
  if (boundary.owns[type]?.adopted === undefined) return nowMs;
  if (vouched === undefined || nowMs - vouched.atMs > LIFE_MS) return UNVOUCHED_MS;
  return (Object.hasOwn(vouched.untilMs, type) ? vouched.untilMs[type] : undefined) ?? UNVOUCHED_MS;
}
