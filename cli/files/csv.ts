import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../errors.ts';
import { createCsvCells, type Ended } from './csv-cells.ts';
import { createLineSplitter, type Line } from './lines.ts';
import { type Place, placeText } from './place.ts';
import { CUT_OFF, type Row, type RowReader } from './row.ts';
import { byteProblem, type Measure, tooLong } from './text.ts';

/** How a CSV file is read. */
export interface CsvOptions {
  /** One character between two cells. */
  readonly delimiter: string;
  readonly maxRecordBytes: number;
  readonly measure: Measure;
}

/** The most lines of a record. They bound the memory for a quote that is never closed, before many short lines. */
const MAX_RECORD_LINES = 100_000;

/**
 * Reads CSV by RFC 4180, with any line ends. The first record is the header. If the quotes of a record are wrong, only
 * the line where the record begins is rejected, and the next line begins a record: otherwise, a quote that is never
 * closed would take the rest of the file with it.
 */
export function createCsvReader({ delimiter, maxRecordBytes, measure }: CsvOptions): RowReader {
  const splitter = createLineSplitter(maxRecordBytes, measure);
  const parser = createCsvCells(delimiter);
  let header: readonly string[] | undefined;
  /** The lines from the current record on. */
  let lines: readonly Line[] = [];
  /** The first line of the current record, and the next line to parse. */
  let [first, next] = [0, 0];
  let recordBytes = 0;

  /** Parses a line of the current record. Returns undefined if the record goes on. */
  const parsed = (line: Line): Ended | undefined => {
    if (line.isCut || line.bytes === undefined) {
      if (next - first > 1) return { problem: parser.openQuote() };
      return { problem: line.isCut ? CUT_OFF : tooLong(maxRecordBytes) };
    }
    recordBytes += line.bytes.length + line.end.length;
    if (next - first > MAX_RECORD_LINES) {
      return { problem: `${parser.openQuote()} Allowed: at most ${MAX_RECORD_LINES} lines in a record` };
    }
    if (recordBytes > maxRecordBytes && next - first > 1)
      return { problem: `${parser.openQuote()} ${tooLong(maxRecordBytes)}` };
    // Quotes are ASCII, so the cells can be told apart even if some bytes aren't UTF-8.
    const ended = parser.take(Buffer.from(line.bytes).toString('utf8'), line.end);
    if (ended === undefined || 'cells' in ended || next - first === 1) return ended;
    return { problem: `a quoted cell goes on to line ${line.number}, ${ended.problem}` };
  };

  /** Begins the next record at a line. */
  const beginAt = (line: number): void => {
    [first, next, recordBytes] = [line, line, 0];
    parser.reset();
  };

  /** The row of the current record, and the first line after the row. */
  const rowOf = (ended: Ended): { readonly row?: Row; readonly after: number } => {
    const isRecord = 'cells' in ended;
    const after = isRecord ? next : first + 1;
    const own = lines.slice(first, after);
    const place = placeOf(own);
    const problem = bytesProblem(own, measure) ?? (isRecord ? undefined : ended.problem);
    if (header !== undefined) {
      const row = isRecord && problem === undefined ? recordOf(header, ended.cells) : { problem: problem ?? '' };
      return { row: { place, ...row }, after };
    }
    if (!isRecord || problem !== undefined) throw new UsageError(`CSV header: ${placeText(place)}: ${problem}.`);
    header = columnsOf(ended.cells);
    return { after };
  };

  const take = (isEnd: boolean): Row[] => {
    const rows: Row[] = [];
    while (next < lines.length || (isEnd && first < next)) {
      const line = lines[next];
      if (first === next && isBlank(line)) {
        beginAt(next + 1);
        continue;
      }
      if (line !== undefined) next += 1;
      const ended = line === undefined ? { problem: parser.openQuote() } : parsed(line);
      if (ended === undefined) continue;
      const { row, after } = rowOf(ended);
      if (row !== undefined) rows.push(row);
      beginAt(after);
    }
    lines = lines.slice(first);
    [first, next] = [0, next - first];
    return rows;
  };

  return {
    broken: undefined,
    push(chunk) {
      lines = lines.concat(splitter.push(chunk));
      return take(false);
    },
    end(isCut) {
      lines = lines.concat(splitter.end(isCut));
      return take(true);
    },
  };
}

const QUOTE = 0x22;

function isBlank(line: Line | undefined): boolean {
  return line?.bytes?.length === 0;
}

function placeOf(lines: readonly Line[]): Place {
  const [first, last] = [lines[0] as Line, lines.at(-1) as Line];
  const place = { line: first.number, byte: first.byte };
  return last === first ? place : { ...place, lastLine: last.number };
}

/** The first byte of the lines that text can't have. */
function bytesProblem(lines: readonly Line[], measure: Measure): string | undefined {
  const isQuoted = lines.some(({ bytes }) => bytes?.includes(QUOTE));
  for (const { bytes, byte, isCut } of lines) {
    const problem = bytes === undefined || isCut ? undefined : byteProblem(bytes, byte, measure, isQuoted);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function recordOf(header: readonly string[], cells: readonly string[]) {
  if (cells.length !== header.length) {
    return {
      problem: `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}. Expected: ${header.length}, as in the header`,
    };
  }
  return { fields: Object.fromEntries(header.map((name, index) => [name, cells[index]])), cells: true };
}

/** The names of the columns, without white space around them. Throws if a column would be lost because of its name. */
function columnsOf(cells: readonly string[]): readonly string[] {
  const names = cells.map((cell) => cell.trim());
  for (const [index, name] of names.entries()) {
    const column = `CSV header: column ${index + 1}`;
    if (name === '') throw new UsageError(`${column} has no name. Allowed: a name for each column.`);
    if (name === '__proto__') throw new UsageError(`${column}: the name __proto__ is not allowed.`);
    const before = names.indexOf(name);
    if (before < index) {
      throw new UsageError(
        `CSV header: the column ${quoted(name)} is given twice, as columns ${before + 1} and ${index + 1}. ` +
          'Allowed: each name once.',
      );
    }
  }
  return names;
}
