import { decodeUtf8 } from '../utf8.ts';
import type { Encoding } from './encoding.ts';

/** How the UTF-8 of a file relates to the file. */
export interface Measure {
  readonly encoding: Encoding;
  /** Where the content begins in the file, after a byte order mark. */
  readonly start: number;
  /** How many bytes of the file a part of the UTF-8 takes. */
  lengthOf(utf8: Uint8Array): number;
}

/**
 * The first byte of a part of a file that text can't have; undefined if there is none.
 *
 * @param byte where the part begins in the file
 * @param isQuoted whether the part has quotes, in which a NUL is text like any other
 */
export function byteProblem(utf8: Uint8Array, byte: number, measure: Measure, isQuoted = false): string | undefined {
  const place = (length: number) => byte + measure.lengthOf(utf8.subarray(0, length));
  const decoded = decodeUtf8(utf8);
  if ('badByte' in decoded) return `byte ${place(decoded.badByte - 1)} is not ${measure.encoding.toUpperCase()}`;
  const nul = utf8.indexOf(0);
  if (nul === -1 || isQuoted) return undefined;
  const help = measure.encoding.startsWith('utf-16') ? '' : '. If the file is UTF-16, pass --encoding utf-16le';
  return `byte ${place(nul)} is NUL${help}`;
}

/** The problem of a record that is too long. */
export function tooLong(maxBytes: number): string {
  return `too long. Allowed: at most ${maxBytes} bytes`;
}
