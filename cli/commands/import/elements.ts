import { UsageError } from '../../errors.ts';
import { createCollector } from './collector.ts';

/** An element of a JSON array as text. `bytes` is undefined if the element was longer than allowed. */
export interface Element {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING: readonly number[] = [0x5b, 0x7b];
const CLOSING: readonly number[] = [0x5d, 0x7d];
const WHITE_SPACE: readonly number[] = [0x20, 0x0a, 0x0d, 0x09];
const [ARRAY_BEGIN, ARRAY_END] = [0x5b, 0x5d];

/** The part of an error that says what is allowed. */
const ALLOWED = 'Allowed: one array of objects. For one object a line, pass --format ndjson.';

/** Where the next byte is. */
interface Position {
  part: 'before the array' | 'in the array' | 'after the array';
  /** The number of objects and lists inside the array that contain the byte. */
  depth: number;
  inText: boolean;
  isEscaped: boolean;
  /** Whether the current element has a byte that isn't white space. */
  hasContent: boolean;
  /** Whether a comma precedes the current element. */
  afterComma: boolean;
}

/**
 * Splits a JSON array into its elements without parsing them. It keeps at most one element in memory, and skips an
 * element that is too long. Throws a UsageError if the input isn't one array.
 */
export async function* splitElements(
  chunks: AsyncIterable<Uint8Array>,
  maxElementBytes: number,
): AsyncGenerator<Element> {
  const element = createCollector(maxElementBytes);
  const position: Position = {
    part: 'before the array',
    depth: 0,
    inText: false,
    isEscaped: false,
    hasContent: false,
    afterComma: false,
  };
  let number = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const step = take(position, chunk[at] as number);
      if (step === 'not an array')
        throw new UsageError(`the input is not one JSON array: ${wrong(position, number)}. ${ALLOWED}`);
      if (step === 'begins') from = at + 1;
      if (step !== 'ends an element') continue;
      element.add(chunk.subarray(from, at));
      number += 1;
      yield { number, bytes: element.take() };
      from = at + 1;
    }
    if (position.part === 'in the array') element.add(chunk.subarray(from));
  }
  if (position.part !== 'after the array') {
    throw new UsageError(`the input ends before the JSON array is complete, after element ${number}. ${ALLOWED}`);
  }
}

/** Moves the position past a byte, and returns what the byte does. */
function take(position: Position, byte: number): 'begins' | 'ends an element' | 'continues' | 'not an array' {
  if (position.part !== 'in the array') {
    if (WHITE_SPACE.includes(byte)) return 'continues';
    if (position.part === 'after the array' || byte !== ARRAY_BEGIN) return 'not an array';
    position.part = 'in the array';
    return 'begins';
  }
  if (position.inText) {
    if (position.isEscaped) position.isEscaped = false;
    else if (byte === BACKSLASH) position.isEscaped = true;
    else if (byte === QUOTE) position.inText = false;
    return 'continues';
  }
  if (position.depth === 0 && (byte === COMMA || CLOSING.includes(byte))) return endElement(position, byte);
  if (byte === QUOTE) position.inText = true;
  else if (OPENING.includes(byte)) position.depth += 1;
  else if (CLOSING.includes(byte)) position.depth -= 1;
  if (!WHITE_SPACE.includes(byte)) position.hasContent = true;
  return 'continues';
}

function endElement(position: Position, byte: number): 'ends an element' | 'continues' | 'not an array' {
  const isEmptyArray = byte === ARRAY_END && !position.hasContent && !position.afterComma;
  if (!isEmptyArray && (!position.hasContent || (byte !== COMMA && byte !== ARRAY_END))) return 'not an array';
  if (byte === ARRAY_END) position.part = 'after the array';
  position.hasContent = false;
  position.afterComma = true;
  return isEmptyArray ? 'continues' : 'ends an element';
}

function wrong({ part }: Position, elements: number): string {
  if (part === 'before the array') return 'it does not begin with [';
  return part === 'in the array'
    ? `element ${elements + 1} is missing, or no comma or ] follows it`
    : 'more text follows the array';
}
