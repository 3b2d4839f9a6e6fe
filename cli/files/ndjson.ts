import { quoted } from 'freshet-aws/internal/core/errors';
import { jsonLoss } from '../exact-json.ts';
import { createLineSplitter, type Line } from './lines.ts';
import type { Place } from './place.ts';
import { CUT_OFF, type Row, type RowReader } from './row.ts';
import { byteProblem, type Measure, tooLong } from './text.ts';

/** Reads one JSON object a line. */
export function createNdjsonReader(maxLineBytes: number, measure: Measure): RowReader {
  const splitter = createLineSplitter(maxLineBytes, measure);
  const rowOf = ({ number, byte, bytes, isCut }: Line): readonly Row[] => {
    const place = { line: number, byte };
    if (isCut) return [{ place, problem: CUT_OFF }];
    if (bytes === undefined) return [{ place, problem: tooLong(maxLineBytes) }];
    return isWhiteSpace(bytes) ? [] : [jsonRow(place, bytes, byteProblem(bytes, byte, measure))];
  };
  return {
    broken: undefined,
    push: (chunk) => splitter.push(chunk).flatMap(rowOf),
    end: (isCut) => splitter.end(isCut).flatMap(rowOf),
  };
}

function isWhiteSpace(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

/** The row of a JSON object. @param problem the byte of it that text can't have */
export function jsonRow(place: Place, bytes: Uint8Array, problem: string | undefined): Row {
  if (problem !== undefined) return { place, problem };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { place, problem: `not JSON: ${error instanceof Error ? error.message : 'unreadable'}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { place, problem: `not a JSON object: ${quoted(value)}` };
  }
  const loss = jsonLoss(text);
  if (loss !== undefined) return { place, problem: loss.path === '' ? loss.problem : `${loss.path}: ${loss.problem}` };
  return { place, fields: value as Record<string, unknown>, cells: false };
}
