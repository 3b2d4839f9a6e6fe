import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { quoted } from 'freshet-aws/internal/core/errors';
import { MAX_STATE_BYTES } from 'freshet-aws/internal/core/state';
import { UsageError } from '../../errors.ts';
import { jsonLoss } from '../../exact-json.ts';
import { decodeUtf8, utf8Problem } from '../../utf8.ts';
import { splitElements } from './elements.ts';
import { splitLines } from './lines.ts';

/** Formats that can be imported. */
export const FORMATS = ['ndjson', 'json', 'csv'] as const;

/** `ndjson`: one JSON object a line. `json`: one array of objects. `csv`: a header and one entity a line. */
export type Format = (typeof FORMATS)[number];

/** One entity of the input, or the problem with it. `cells`: whether all fields are text from CSV. */
export type Row = { readonly place: string } & (
  | { readonly fields: Readonly<Record<string, unknown>>; readonly cells: boolean }
  | { readonly problem: string }
);

/**
 * The longest line of NDJSON, element of an array, or record of CSV: four times the largest state, to leave room for
 * escapes and white space.
 */
const MAX_LINE_BYTES = 4 * MAX_STATE_BYTES;

/**
 * Reads the entities of an input one after the other, without keeping them in memory. Throws if the rest of the input
 * can't be read.
 */
export function readRows(input: AsyncIterable<Uint8Array>, format: Format): AsyncGenerator<Row> {
  const chunks = withoutByteOrderMark(input);
  switch (format) {
    case 'ndjson':
      return readNdjson(chunks);
    case 'json':
      return readArray(chunks);
    case 'csv':
      return readCsv(chunks);
  }
}

const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

async function* withoutByteOrderMark(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const rest = (head: Buffer) => head.subarray(head.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0);
  /** The first bytes of the input, until there are enough to recognise a byte order mark. */
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < BYTE_ORDER_MARK.length) continue;
    yield rest(head);
    head = undefined;
  }
  if (head !== undefined) yield rest(head);
}

async function* readNdjson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  for await (const { number, bytes } of splitLines(chunks, MAX_LINE_BYTES)) {
    const row = jsonRow(`line ${number}`, bytes);
    if (row !== undefined) yield row;
  }
}

async function* readArray(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  for await (const { number, bytes } of splitElements(chunks, MAX_LINE_BYTES)) {
    const row = jsonRow(`element ${number}`, bytes);
    if (row !== undefined) yield row;
  }
}

/**
 * A row from the bytes of one JSON object; undefined for white space.
 *
 * @param bytes undefined if the object was longer than allowed
 */
function jsonRow(place: string, bytes: Uint8Array | undefined): Row | undefined {
  if (bytes === undefined) return { place, problem: `too long. Allowed: at most ${MAX_LINE_BYTES} bytes` };
  const decoded = decodeUtf8(bytes);
  if ('badByte' in decoded) return { place, problem: utf8Problem(decoded.badByte) };
  const { text } = decoded;
  if (text.trim() === '') return undefined;
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
  if (loss !== undefined) return { place, problem: `${loss.path}: ${loss.problem}` };
  return { place, fields: value as Record<string, unknown>, cells: false };
}

/** A record of CSV. Each character stands for one byte of the input (Latin-1). */
interface CsvRecord {
  readonly record: Record<string, string>;
  /** The record as it is in the input. */
  readonly raw: string;
  readonly info: { readonly lines: number; readonly error?: Error };
}

async function* readCsv(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  const parser = Readable.from(chunks).pipe(
    parse({
      // In Latin-1 every byte is a character, so the parser doesn't replace bytes that aren't UTF-8.
      encoding: 'latin1',
      columns: csvColumns,
      info: true,
      raw: true,
      skip_empty_lines: true,
      max_record_size: MAX_LINE_BYTES,
      // A row with too many or too few cells is rejected, and the import continues.
      relax_column_count: true,
    }),
  );
  for await (const record of parser as AsyncIterable<CsvRecord>) yield csvRow(record);
}

function csvRow({ record, raw, info }: CsvRecord): Row {
  const place = `line ${info.lines}`;
  const decoded = decodeUtf8(Buffer.from(raw, 'latin1'));
  if ('badByte' in decoded) {
    // A record may have several lines.
    const before = raw.slice(0, decoded.badByte - 1);
    const linesAfter = raw.slice(decoded.badByte).trimEnd().split('\n').length - 1;
    const byte = decoded.badByte - (before.lastIndexOf('\n') + 1);
    return { place: `line ${info.lines - linesAfter}`, problem: utf8Problem(byte) };
  }
  if (info.error !== undefined) return { place, problem: info.error.message };
  const cells = Object.entries(record).map(([name, cell]) => [name, Buffer.from(cell, 'latin1').toString('utf8')]);
  return { place, fields: Object.fromEntries(cells), cells: true };
}

/** Returns the names of the columns. Throws if a name isn't UTF-8, or if a column would be lost because of its name. */
function csvColumns(header: readonly string[]): string[] {
  const names = header.map((name, index) => {
    const decoded = decodeUtf8(Buffer.from(name, 'latin1'));
    if ('text' in decoded) return decoded.text;
    throw new UsageError(`CSV header: column ${index + 1}: ${utf8Problem(decoded.badByte)}.`);
  });
  const lost = names.find((name, index) => name === '__proto__' || names.indexOf(name) !== index);
  if (lost === undefined) return names;
  throw new UsageError(
    lost === '__proto__'
      ? 'CSV header: the name __proto__ is not allowed.'
      : `CSV header: the column ${quoted(lost)} is given twice. Allowed: each name once.`,
  );
}
