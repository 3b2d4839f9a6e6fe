import { gunzipSync, gzipSync } from 'node:zlib';

/**
 * JSON of at least this size is compressed, in bytes of UTF-8: from here on, a state costs three write units, of which
 * `npm run experiment:compression` saves one to two (docs/performance.md, 2026-11-30). A smaller state could save one
 * unit at most, and stays readable in the console of DynamoDB.
 */
export const COMPRESS_FROM_BYTES = 2048;

/**
 * Size of the compressed form from which JSON stays as it is, as a fraction of its plain size: base64 makes the
 * compressed form a third longer in an event.
 */
const MAX_RATIO = 3 / 4;

/** Level of gzip. Level 9 takes up to three times as long and saves one percent (docs/performance.md, 2026-11-30). */
const LEVEL = 6;

/** Data isn't gzip, is damaged, is larger than allowed, or isn't text in UTF-8. The message quotes none of the data. */
export class NotDecompressed extends Error {
  override readonly name = 'NotDecompressed';
}

/** Compresses JSON with gzip. The bytes may differ between releases of Node, so nothing may compare them. */
export function compressed(json: string): Uint8Array {
  return gzipSync(json, { level: LEVEL });
}

/** Returns the compressed form of JSON if it is worth storing and sending; else undefined. */
export function compressedIfSmaller(json: string): Uint8Array | undefined {
  const plain = Buffer.from(json);
  if (plain.length < COMPRESS_FROM_BYTES) return undefined;
  const bytes = gzipSync(plain, { level: LEVEL });
  return bytes.length < plain.length * MAX_RATIO ? bytes : undefined;
}

/**
 * Returns the JSON of its compressed form. The form may be hostile: it is never decompressed beyond the given size.
 *
 * @param maxBytes largest allowed JSON, in bytes of UTF-8
 * @throws NotDecompressed
 */
export function decompressed(bytes: Uint8Array, maxBytes: number): string {
  let plain: Uint8Array;
  try {
    plain = gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    throw new NotDecompressed(isTooLarge ? `more than ${maxBytes} bytes of JSON` : 'not data that gzip compressed', {
      cause: error,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain);
  } catch (error) {
    throw new NotDecompressed('not text in UTF-8', { cause: error });
  }
}
