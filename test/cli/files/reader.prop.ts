import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import type { Row } from '../../../cli/files/row.ts';
import { FORMATS, type Format, readRows } from '../../../cli/files/rows.ts';

/** `npm run fuzz:files` makes 10,000 runs of each test. */
const runs = { numRuns: Number(process.env.FUZZ_RUNS ?? 300) };
const patience = { timeout: 30_000 + runs.numRuns * 30 };

/** So short that random files exceed it. */
const MAX_RECORD_BYTES = 120;

/** What a reader makes of a file: its rows, and why it stopped early. */
interface Read {
  readonly rows: readonly Row[];
  readonly error: UsageError | undefined;
}

type ReadFile = typeof readRows;

/** Reads a file. Any error but a UsageError fails the test. */
async function read(bytes: Uint8Array, format: Format, chunkBytes: number, readFile: ReadFile): Promise<Read> {
  const chunks = async function* () {
    for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
  };
  const rows: Row[] = [];
  try {
    for await (const row of readFile(chunks(), { format, maxRecordBytes: MAX_RECORD_BYTES })) rows.push(row);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { rows, error };
  }
  return { rows, error: undefined };
}

/** The begin of each physical line, and the lines that have any bytes. */
function linesOf(bytes: Uint8Array): { readonly begins: readonly number[]; readonly full: readonly number[] } {
  const text = Buffer.from(bytes).toString('latin1');
  const mark = text.startsWith('\xef\xbb\xbf') ? 3 : 0;
  const begins = [mark];
  for (const { index, 0: end } of text.slice(mark).matchAll(/\r\n|\r|\n/g)) begins.push(mark + index + end.length);
  const contents = begins.map((begin, index) => text.slice(begin, begins[index + 1]).replace(/[\r\n]+$/, ''));
  return { begins, full: contents.flatMap((content, index) => (content === '' ? [] : [index + 1])) };
}

/** Whether a file is compressed or in UTF-16, so that its bytes aren't those that the reader counts. */
const isOther = ([first, second]: Uint8Array) =>
  (first === 0x1f && second === 0x8b) || (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);

/** Checks that each line of a file with content is in exactly one row, or in the header. */
function checkLines(bytes: Uint8Array, format: Format, { rows, error }: Read): void {
  const { begins, full } = linesOf(bytes);
  let covered: number[] = [];
  for (const { place } of rows) {
    expect(place.byte).toBe(begins[place.line - 1]);
    const last = place.lastLine ?? place.line;
    covered = covered.concat(Array.from({ length: last - place.line + 1 }, (_, index) => place.line + index));
  }
  expect(covered).toEqual([...new Set(covered)].sort((a, b) => a - b));
  if (format === 'csv' && error !== undefined) {
    expect(rows).toEqual([]);
    return;
  }
  const first = covered[0] ?? Number.POSITIVE_INFINITY;
  const isWhiteSpace = (line: number) => /^[ \t\r\n]*$/.test(textOf(bytes, begins, line));
  const missing = full.filter((line) => !covered.includes(line));
  // A header takes the lines before the first row. White space is no record of NDJSON.
  expect(missing.filter((line) => !(format === 'csv' ? line < first : isWhiteSpace(line)))).toEqual([]);
}

function textOf(bytes: Uint8Array, begins: readonly number[], line: number): string {
  return Buffer.from(bytes.subarray(begins[line - 1], begins[line])).toString('latin1');
}

/** Checks that elements are counted in order. */
function checkElements({ rows }: Read): void {
  expect(rows.map(({ place }) => place.element)).toEqual(rows.map((_, index) => index + 1));
  const begins = rows.map(({ place }) => place.byte);
  expect(begins).toEqual([...begins].sort((a, b) => a - b));
}

async function check(bytes: Uint8Array, format: Format, chunkBytes: number, readFile: ReadFile = readRows) {
  const whole = await read(bytes, format, bytes.length || 1, readFile);
  const inChunks = await read(bytes, format, chunkBytes, readFile);
  expect(inChunks.rows).toEqual(whole.rows);
  expect(inChunks.error?.message).toEqual(whole.error?.message);
  if (isOther(bytes)) return whole;
  if (format === 'json') checkElements(whole);
  else checkLines(bytes, format, whole);
  return whole;
}

/** Bytes that have a meaning in a format, and any others. */
const byte = fc.oneof(
  fc.constantFrom(...Buffer.from('"",,;{}[]:\\\n\r\n\t 01ae\u0000\xff\xef\xbb\xbf\x1f\x8b\xc3', 'latin1')),
  fc.integer({ min: 0, max: 255 }),
);
const anyBytes = fc.array(byte, { maxLength: 400 }).map((bytes) => Uint8Array.from(bytes));
const anyFormat = fc.constantFrom(...FORMATS);
const chunk = fc.integer({ min: 1, max: 50 });

const cell = fc.string({ maxLength: 8, unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ', 'é', '😀', '\\') });
const records = fc.array(fc.record({ id: cell, x: cell }), { minLength: 2, maxLength: 12 });
const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

/** A good file of records. */
function fileOf(all: readonly { id: string; x: string }[], format: Format, end: string): Buffer {
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  if (format === 'csv') return Buffer.from(['id,x', ...all.map(({ id, x }) => `${quote(id)},${quote(x)}`)].join(end));
  const texts = all.map((one) => JSON.stringify(one));
  return Buffer.from(format === 'ndjson' ? texts.join(end) : `[${texts.join(`,${end}`)}]`);
}

const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.integer({ min: 0, max: 20 }),
  added: fc.array(byte, { maxLength: 5 }),
});

describe('the reader of files', patience, () => {
  test('random bytes end in rows or in one UsageError, and each line is in exactly one row', async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, anyFormat, chunk, async (bytes, format, chunkBytes) => {
        await check(bytes, format, chunkBytes);
      }),
      runs,
    );
  });

  test('a good file gives its records, whatever its line ends are', async () => {
    await fc.assert(
      fc.asyncProperty(records, anyFormat, lineEnd, chunk, async (all, format, end, chunkBytes) => {
        const { rows, error } = await check(fileOf(all, format, end), format, chunkBytes);
        expect(error).toBeUndefined();
        expect(rows.map((row) => 'fields' in row && row.fields)).toEqual(all);
      }),
      runs,
    );
  });

  test('a good file that is cut or damaged at random gives all its records before that point', async () => {
    await fc.assert(
      fc.asyncProperty(
        records,
        anyFormat,
        lineEnd,
        damage,
        chunk,
        async (all, format, end, { at, removed, added }, n) => {
          const file = fileOf(all, format, end);
          const from = Math.floor(at * file.length);
          const bad = Buffer.concat([file.subarray(0, from), Uint8Array.from(added), file.subarray(from + removed)]);
          const good = await check(file, format, n);
          const { rows } = await check(bad, format, n);
          const whole = good.rows.filter((_, index) => {
            const next = good.rows[index + 1]?.place.byte;
            return next !== undefined && next < from;
          });
          expect(rows.slice(0, whole.length)).toEqual(whole);
        },
      ),
      runs,
    );
  });

  test('mutant: the checks find a reader that loses a row, that reads a line twice, and that throws', async () => {
    const file = Buffer.from('{"a":1}\n{"a":2}\n{"a":3}');
    const all = async (options: Parameters<ReadFile>) => {
      const rows: Row[] = [];
      for await (const row of readRows(...options)) rows.push(row);
      return rows;
    };
    const mutants: ReadFile[] = [
      async function* (...options) {
        yield* (await all(options)).toSpliced(1, 1);
      },
      async function* (...options) {
        for (const row of await all(options)) yield* [row, row];
      },
      // biome-ignore lint/correctness/useYield: it fails before its first row
      async function* () {
        throw new RangeError('Invalid string length');
      },
    ];
    await check(file, 'ndjson', 3);
    for (const mutant of mutants) await expect(check(file, 'ndjson', 3, mutant)).rejects.toThrow();
  });
});
