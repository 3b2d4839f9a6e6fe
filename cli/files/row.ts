import type { Place } from './place.ts';

/** One record of a file, or the problem with it. `cells`: whether all fields are text from CSV. */
export type Row = { readonly place: Place } & (
  | { readonly fields: Readonly<Record<string, unknown>>; readonly cells: boolean }
  | { readonly problem: string }
);

/** Reads the records of one file. It keeps at most one record in memory. */
export interface RowReader {
  /** The records that end in the next part of the file, as UTF-8. */
  push(chunk: Uint8Array): Row[];
  /** The last records. @param isCut the file can't be read further, so an unfinished record is a problem */
  end(isCut: boolean): Row[];
  /** Why the rest of the file can't be read; undefined while it can. */
  readonly broken: string | undefined;
}

/** The problem of an unfinished record. */
export const CUT_OFF = 'cut off, because the file cannot be read further';
