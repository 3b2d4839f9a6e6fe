import { Readable } from 'node:stream';
import { JSONParser } from '@streamparser/json';
import { parse } from 'csv-parse';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';
import { splitLines } from './lines.ts';

/** Formats that can be imported. */
export const FORMATS = ['ndjson', 'json', 'csv'] as const;

/** `ndjson`: one JSON object a line · `json`: one array of objects · `csv`: a header and one entity a line. */
export type Format = (typeof FORMATS)[number];

/** One entity of the input, or the problem with it. `cells` tells that all fields are text from CSV. */
export type Row = { readonly place: string } & (
  | { readonly fields: Readonly<Record<string, unknown>>; readonly cells: boolean }
  | { readonly problem: string }
);

/** The longest line of NDJSON or CSV: four times the largest state, to leave room for escapes and white space. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Reads the entities of an input one after the other, and keeps none. Throws if the rest of the input can't be read.
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
  for await (const { number, text } of splitLines(chunks, MAX_LINE_BYTES)) {
    const place = `line ${number}`;
    if (text === undefined) yield { place, problem: `longer than the ${MAX_LINE_BYTES} bytes allowed` };
    else if (text.trim() !== '') yield jsonRow(place, text);
  }
}

function jsonRow(place: string, text: string): Row {
  try {
    return objectRow(place, JSON.parse(text));
  } catch (error) {
    return { place, problem: `not JSON: ${error instanceof Error ? error.message : 'unreadable'}` };
  }
}

function objectRow(place: string, value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { place, problem: `not a JSON object: ${quoted(value)}` };
  }
  return { place, fields: value as Record<string, unknown>, cells: false };
}

async function* readArray(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  const values: unknown[] = [];
  const parser = new JSONParser({ paths: ['$.*'], keepStack: false });
  parser.onValue = ({ value }) => {
    values.push(value);
  };
  let element = 0;
  let begun = false;
  for await (const chunk of chunks) {
    try {
      begun = begun || beginsArray(chunk);
      parser.write(chunk);
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'unreadable';
      throw new UsageError(`not a JSON array, after element ${element + values.length}: ${problem}`);
    }
    for (const value of values.splice(0)) {
      element += 1;
      yield objectRow(`element ${element}`, value);
    }
  }
  if (!parser.isEnded) throw new UsageError(`the JSON array ends early, after element ${element}.`);
}

/** Whether an array begins; false while there is only white space. Throws if something else begins. */
function beginsArray(chunk: Uint8Array): boolean {
  const [first] = Buffer.from(chunk.subarray(0, 4096)).toString('utf8').trimStart();
  if (first !== undefined && first !== '[') throw new Error('it is not an array');
  return first !== undefined;
}

async function* readCsv(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  const parser = Readable.from(chunks).pipe(
    parse({
      columns: true,
      info: true,
      skip_empty_lines: true,
      max_record_size: MAX_LINE_BYTES,
      // A row with too many or too few cells is rejected, and the import continues.
      relax_column_count: true,
    }),
  );
  type Parsed = {
    readonly record: Record<string, string>;
    readonly info: { readonly lines: number; readonly error?: Error };
  };
  for await (const { record, info } of parser as AsyncIterable<Parsed>) {
    const place = `line ${info.lines}`;
    yield info.error === undefined ? { place, fields: record, cells: true } : { place, problem: info.error.message };
  }
}
