import { createCollector } from './collector.ts';
import { jsonRow } from './ndjson.ts';
import { CUT_OFF, type Row, type RowReader } from './row.ts';
import { byteProblem, type Measure, tooLong } from './text.ts';

const [QUOTE, BACKSLASH, COMMA, LINE_FEED, CARRIAGE_RETURN] = [0x22, 0x5c, 0x2c, 0x0a, 0x0d];
/** Each opening bracket with the bracket that closes it. */
const CLOSING: ReadonlyMap<number, number> = new Map([
  [0x5b, 0x5d],
  [0x7b, 0x7d],
]);
const WHITE_SPACE: readonly number[] = [0x20, LINE_FEED, CARRIAGE_RETURN, 0x09];
const [ARRAY_BEGIN, ARRAY_END, OBJECT_END] = [0x5b, 0x5d, 0x7d];

/** How deep an element may be nested while its end is searched. It bounds the memory for hostile input. */
const MAX_DEPTH = 10_000;

const ALLOWED = 'Allowed: one array of objects. For one object a line, pass --format ndjson';
const UNREAD = 'The rest of the file was not read.';

/**
 * Reads the elements of one JSON array. It finds the end of each element before parsing it, so an element that isn't
 * JSON is rejected alone. If the brackets of an element don't match, its end isn't known: the element is rejected, and
 * the rest of the array isn't read.
 */
export function createArrayReader(maxElementBytes: number, measure: Measure): RowReader {
  const element = createCollector(maxElementBytes);
  let part: 'before' | 'inside' | 'after' = 'before';
  let broken: string | undefined;
  let count = 0;
  /** Where the next byte is. */
  const at = { line: 1, byte: measure.start };
  /** Where the current element begins; undefined if it has only white space so far. */
  let begin: { readonly line: number; readonly byte: number } | undefined;
  /** The brackets that close the objects and lists that contain the next byte. */
  const open: number[] = [];
  let inText = false;
  let isEscaped = false;
  let afterReturn = false;

  const placed = (problem: string | undefined): Row => {
    count += 1;
    const place = { ...(begin ?? at), element: count };
    const bytes = element.take();
    begin = undefined;
    if (problem !== undefined) return { place, problem };
    if (bytes === undefined) return { place, problem: tooLong(maxElementBytes) };
    return jsonRow(place, bytes, byteProblem(bytes, place.byte, measure));
  };
  const breakOff = (problem: string): Row => {
    open.length = 0;
    broken = `the JSON array is broken: ${problem}. ${UNREAD} ${ALLOWED}.`;
    return placed(`${problem}. ${UNREAD}`);
  };

  /** Takes a byte between or inside elements. Returns the row that it ends. */
  const step = (byte: number): Row | undefined => {
    if (inText) {
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) isEscaped = true;
      else if (byte === QUOTE) inText = false;
      return undefined;
    }
    if (byte === QUOTE) {
      inText = true;
      return undefined;
    }
    if (open.length === 0 && (byte === COMMA || byte === ARRAY_END)) {
      const isEmptyArray = byte === ARRAY_END && begin === undefined && count === 0;
      if (byte === ARRAY_END) part = 'after';
      return isEmptyArray ? undefined : placed(begin === undefined ? 'missing between commas' : undefined);
    }
    const closing = CLOSING.get(byte);
    if (closing !== undefined) {
      open.push(closing);
      return open.length > MAX_DEPTH ? breakOff(`nested deeper than ${MAX_DEPTH} levels`) : undefined;
    }
    if (byte !== ARRAY_END && byte !== OBJECT_END) return undefined;
    if (open.pop() === byte) return undefined;
    return breakOff(`${String.fromCharCode(byte)} without its opening bracket`);
  };

  /** Takes a byte outside of the array. */
  const outside = (byte: number): Row | undefined => {
    if (WHITE_SPACE.includes(byte)) return undefined;
    if (part === 'before' && byte === ARRAY_BEGIN) {
      part = 'inside';
      return undefined;
    }
    const problem = part === 'before' ? 'it does not begin with [' : `more text follows the array at byte ${at.byte}`;
    broken = `the input is not one JSON array: ${problem}. ${ALLOWED}.`;
    return undefined;
  };

  const advance = (bytes: Uint8Array): void => {
    at.byte += measure.lengthOf(bytes);
    for (const byte of bytes) {
      if (byte === CARRIAGE_RETURN || (byte === LINE_FEED && !afterReturn)) at.line += 1;
      afterReturn = byte === CARRIAGE_RETURN;
    }
  };

  return {
    get broken() {
      return broken;
    },
    push(chunk) {
      const rows: Row[] = [];
      /** The first byte that isn't counted yet, and the first that isn't in an element yet. */
      let counted = 0;
      const countTo = (index: number) => {
        advance(chunk.subarray(counted, index));
        counted = index;
      };
      let from = 0;
      for (let index = 0; index < chunk.length && broken === undefined; index += 1) {
        const byte = chunk[index] as number;
        if (part !== 'inside') {
          if (!WHITE_SPACE.includes(byte)) countTo(index);
          outside(byte);
          from = index + 1;
          continue;
        }
        if (begin === undefined) {
          if (WHITE_SPACE.includes(byte)) continue;
          countTo(index);
          from = index;
          if (byte !== COMMA && byte !== ARRAY_END) begin = { ...at };
        }
        const isEnd = open.length === 0 && !inText && (byte === COMMA || byte === ARRAY_END);
        if (isEnd && begin !== undefined) element.add(chunk.subarray(from, index));
        const row = step(byte);
        if (row !== undefined) rows.push(row);
      }
      if (broken === undefined && part === 'inside' && begin !== undefined) element.add(chunk.subarray(from));
      countTo(chunk.length);
      return rows;
    },
    end(isCut) {
      if (broken !== undefined || part === 'after') return [];
      const where = count === 0 ? '' : `, after element ${count}`;
      broken =
        part === 'before'
          ? `the input is not one JSON array: it is empty. ${ALLOWED}.`
          : `the input ends before the JSON array is complete${where}. ${ALLOWED}.`;
      return begin === undefined ? [] : [placed(isCut ? CUT_OFF : 'cut off at the end of the file')];
    },
  };
}
