import * as z from 'zod/mini';
import type { Boundary } from '../contract/contract.ts';
import { adoptedTypes } from '../contract/define-boundary.ts';
import { UNVOUCHED_MS } from '../entity.ts';
import { type ExistingTable, isSameSource, type SurveyNote } from './survey.ts';

const note = z.object({
  seq: z.int().check(z.gte(0)),
  /** When this was determined, epoch milliseconds. */
  atMs: z.number(),
  /**
   * For each type the time, in epoch milliseconds, before which every change of the existing table has been copied.
   * Types for which nobody can say that are left out.
   */
  untilMs: z.record(z.string(), z.number()),
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
 * Determines up to when each adopted type is complete: until just now, if the adopter reads the table's
 * stream and the first survey has copied what was there before. While the adopter stands still, nothing is vouched for.
 */
export function vouchedUntil(
  boundary: Pick<Boundary, 'owns' | 'epoch'>,
  table: ExistingTable,
  { streamArn, state, lastResult, reserved, delayMs = 0 }: AdopterSeen,
  surveys: SurveyNote | undefined,
  nowMs: number,
): VouchNote['untilMs'] {
  if (state !== 'Enabled' || reserved === 0 || lastResult?.startsWith('PROBLEM')) return {};
  if (streamArn !== table.streamArn) return {};
  const last = surveys?.last;
  if (last === undefined || !isSameSource(last.source, { ...table, epoch: boundary.epoch })) return {};
  const surveyed = last.types;
  const types = adoptedTypes(boundary).filter((type) => surveyed[type] === boundary.owns[type]?.schemaVersion);
  return Object.fromEntries(types.map((type) => [type, nowMs - MARGIN_MS - delayMs]));
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
