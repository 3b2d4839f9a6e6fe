import { Buffer } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';

/** The character encodings that a file may have. */
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'latin1', 'windows-1252', 'iso-8859-15'] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** Converts the bytes of a file into UTF-8. Bytes that aren't of the encoding become `INVALID`, which isn't UTF-8. */
export interface Transcoder {
  /** UTF-8 of the next bytes of the file. */
  push(chunk: Uint8Array): Uint8Array;
  /** UTF-8 of an incomplete character at the end of the file. */
  end(): Uint8Array;
  /** How many bytes of the file a part of the UTF-8 takes. */
  lengthOf(utf8: Uint8Array): number;
}

/** A byte that no UTF-8 has. */
const INVALID = 0xc0;

/** The byte order marks that tell an encoding. */
const MARKS: readonly (readonly [Encoding, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/** The byte order mark at the begin of a file: its encoding and its length in bytes. */
export function byteOrderMark(head: Uint8Array): { readonly encoding: Encoding; readonly bytes: number } | undefined {
  const found = MARKS.find(([, mark]) => mark.every((byte, index) => head[index] === byte));
  return found && { encoding: found[0], bytes: found[1].length };
}

export function createTranscoder(encoding: Encoding): Transcoder {
  switch (encoding) {
    case 'utf-8':
      return { push: (chunk) => chunk, end: () => new Uint8Array(), lengthOf: (utf8) => utf8.length };
    case 'utf-16le':
    case 'utf-16be':
      return utf16(encoding === 'utf-16be');
    default:
      return singleBytes(encoding);
  }
}

function utf16(isBigEndian: boolean): Transcoder {
  const decoder = new StringDecoder('utf16le');
  let odd = Buffer.alloc(0);
  return {
    push(chunk) {
      const bytes = Buffer.concat([odd, chunk]);
      const even = bytes.length - (bytes.length % 2);
      odd = bytes.subarray(even);
      const units = bytes.subarray(0, even);
      return wellFormedUtf8(decoder.write(isBigEndian ? units.swap16() : units));
    },
    end: () => Buffer.concat([wellFormedUtf8(decoder.end()), odd.length > 0 ? Buffer.of(INVALID) : odd]),
    lengthOf: (utf8) => 2 * unitsOf(utf8),
  };
}

/** UTF-8 of a text. A surrogate that isn't part of a pair becomes `INVALID`. */
function wellFormedUtf8(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = text.split(/([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/);
  return Buffer.concat(parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.of(INVALID))));
}

/** Each byte is one character. */
function singleBytes(encoding: Encoding): Transcoder {
  const decoder = new TextDecoder(encoding);
  const table = Array.from({ length: 256 }, (_, byte) => Buffer.from(decoder.decode(Buffer.of(byte))));
  return {
    push(chunk) {
      // Most text is ASCII, which is UTF-8 already.
      if (chunk.every((byte) => byte < 0x80)) return chunk;
      return Buffer.concat(Array.from(chunk, (byte) => table[byte] as Buffer));
    },
    end: () => new Uint8Array(),
    lengthOf: unitsOf,
  };
}

/** The number of UTF-16 units of a part of UTF-8. `INVALID` counts as one. */
function unitsOf(utf8: Uint8Array): number {
  let units = 0;
  for (const byte of utf8) {
    if (byte < 0x80 || byte >= 0xc0) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}
