import { MAX_STATE_BYTES } from 'freshet-aws/internal/core/state';
import { UsageError } from '../errors.ts';
import { createCsvReader } from './csv.ts';
import { createArrayReader } from './elements.ts';
import { byteOrderMark, createTranscoder, type Encoding } from './encoding.ts';
import { gunzipped, isGzip } from './gunzip.ts';
import { createNdjsonReader } from './ndjson.ts';
import type { Row, RowReader } from './row.ts';
import type { Measure } from './text.ts';

/** Formats that can be read. */
export const FORMATS = ['ndjson', 'json', 'csv'] as const;

/** `ndjson`: one JSON object a line. `json`: one array of objects. `csv`: a header and one record a line. */
export type Format = (typeof FORMATS)[number];

/** How the records of a file are read. */
export interface ReadOptions {
  readonly format: Format;
  /** @default - that of the byte order mark, else UTF-8 */
  readonly encoding?: Encoding | undefined;
  /** The character between two cells of CSV. @default ',' */
  readonly delimiter?: string | undefined;
  /** @default - `MAX_RECORD_BYTES` */
  readonly maxRecordBytes?: number;
}

/**
 * The longest line of NDJSON, element of an array, or record of CSV: four times the largest state, to leave room for
 * escapes and white space.
 */
export const MAX_RECORD_BYTES = 4 * MAX_STATE_BYTES;

/** Bytes that are read at once. They bound the number of records that are in memory at the same time. */
const STEP_BYTES = 64 * 1024;

/**
 * Reads the records of a file one after the other, without keeping them in memory. A record that can't be read is a row
 * with a problem. Throws a UsageError if the rest of the file can't be read, after the records before it.
 *
 * @param file the bytes of the file, which may be compressed with gzip
 */
export async function* readRows(file: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Row> {
  const raw = await peeked(file);
  const { head, chunks } = isGzip(raw.head) ? await peeked(gunzipped(raw.chunks)) : raw;
  const { encoding, start } = encodingOf(head, options.encoding);
  const transcoder = createTranscoder(encoding);
  const reader = readerOf(options, { encoding, start, lengthOf: transcoder.lengthOf });
  let bytes = 0;
  let failure: ReadFailed | undefined;
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += STEP_BYTES) {
        const to = Math.min(from + STEP_BYTES, chunk.length);
        yield* reader.push(transcoder.push(chunk.subarray(Math.max(from, start - bytes), to)));
        if (reader.broken !== undefined) throw new UsageError(reader.broken);
      }
      bytes += chunk.length;
    }
    yield* reader.push(transcoder.end());
  } catch (error) {
    if (!(error instanceof ReadFailed)) throw error;
    failure = error;
  }
  yield* reader.end(failure !== undefined);
  if (failure !== undefined) throw unreadable(failure.cause, bytes);
  if (reader.broken !== undefined) throw new UsageError(reader.broken);
}

function readerOf(options: ReadOptions, measure: Measure): RowReader {
  const { format, delimiter = ',', maxRecordBytes = MAX_RECORD_BYTES } = options;
  switch (format) {
    case 'ndjson':
      return createNdjsonReader(maxRecordBytes, measure);
    case 'json':
      return createArrayReader(maxRecordBytes, measure);
    case 'csv':
      return createCsvReader({ delimiter, maxRecordBytes, measure });
  }
}

/** The encoding of a file, and where its content begins. Throws if the byte order mark contradicts the given one. */
function encodingOf(head: Uint8Array, given: Encoding | undefined) {
  const mark = byteOrderMark(head);
  if (mark === undefined) return { encoding: given ?? ('utf-8' as const), start: 0 };
  if (given === undefined || given === mark.encoding) return { encoding: mark.encoding, start: mark.bytes };
  throw new UsageError(
    `--encoding: given: ${given}. The byte order mark of the input says ${mark.encoding}. Leave the option out.`,
  );
}

/** The bytes of the file can't be read further. */
class ReadFailed extends Error {
  override readonly name = 'ReadFailed';
}

function unreadable(cause: unknown, bytes: number): UsageError {
  const { code = '', message = 'failed' } = cause as NodeJS.ErrnoException;
  const isGzipError = code.startsWith('Z_');
  const what = isGzipError
    ? `the gzip data is ${code === 'Z_BUF_ERROR' ? 'cut off' : `damaged (${message})`}`
    : message;
  const of = isGzipError ? 'uncompressed byte' : 'byte';
  return new UsageError(`the input cannot be read further than ${of} ${bytes}: ${what}.`, { cause });
}

/** Bytes that suffice to recognise gzip and a byte order mark. */
const HEAD_BYTES = 3;

/** The first bytes of a file, and all its bytes, which throw `ReadFailed` where the file can't be read. */
async function peeked(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  const next = async () => {
    try {
      return await iterator.next();
    } catch (cause) {
      throw new ReadFailed('the input cannot be read', { cause });
    }
  };
  let head = Buffer.alloc(0);
  let failure: unknown;
  try {
    while (head.length < HEAD_BYTES) {
      const { done, value } = await next();
      if (done) break;
      head = Buffer.concat([head, value]);
    }
  } catch (error) {
    failure = error;
  }
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield head;
      if (failure !== undefined) throw failure;
      for (let one = await next(); !one.done; one = await next()) yield one.value;
    } finally {
      await iterator.return?.();
    }
  };
  return { head, chunks: chunks() };
}
