import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  COMPRESS_FROM_BYTES,
  compressed,
  compressedIfSmaller,
  decompressed,
  NotDecompressed,
} from '../../core/compression.ts';
import { noise } from '../support/compressible.ts';

const textOf = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - '{"a":""}'.length) });

describe('whether JSON is compressed', () => {
  test('JSON is compressed from the threshold on', () => {
    expect(compressedIfSmaller(textOf(COMPRESS_FROM_BYTES - 1))).toBeUndefined();
    expect(compressedIfSmaller(textOf(COMPRESS_FROM_BYTES))).toBeInstanceOf(Uint8Array);
  });

  test('the threshold counts bytes, not characters', () => {
    const text = JSON.stringify({ a: '漢'.repeat(COMPRESS_FROM_BYTES / 3) });
    expect(text.length).toBeLessThan(COMPRESS_FROM_BYTES);
    expect(compressedIfSmaller(text)).toBeDefined();
  });

  test('JSON whose compressed form would be longer in an event stays as it is', () => {
    const text = JSON.stringify({ a: noise(10_000) });
    expect((compressed(text).length * 4) / 3).toBeGreaterThan(text.length);
    expect(compressedIfSmaller(text)).toBeUndefined();
  });
});

describe('a compressed form from elsewhere', () => {
  const json = JSON.stringify({ a: 'x'.repeat(100) });
  const reading = (bytes: Uint8Array, maxBytes = 1_000) => decompressed(bytes, maxBytes);

  test('a form that another implementation of gzip wrote gives the same JSON', () => {
    expect(reading(gzipSync(json, { level: 1 }))).toBe(json);
  });

  test('a form that would be larger than allowed is refused before it is in memory', () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000), { level: 9 });
    const before = process.memoryUsage().arrayBuffers;
    expect(() => reading(bomb, 4_000_000)).toThrow(new NotDecompressed('more than 4000000 bytes of JSON'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test('JSON may be exactly as large as allowed', () => {
    expect(reading(compressed(json), json.length)).toBe(json);
    expect(() => reading(compressed(json), json.length - 1)).toThrow(NotDecompressed);
  });

  test.each<[string, Uint8Array]>([
    ['it is empty', new Uint8Array()],
    ['it is plain JSON', Buffer.from(json)],
    ['it is compressed without the header of gzip', deflateRawSync(json)],
    ['it is cut short', compressed(json).subarray(0, -1)],
    ['it is followed by something else', Buffer.concat([compressed(json), Buffer.from('more')])],
    ['a bit of it is wrong', flipped(compressed(json))],
    ['its text is not UTF-8', gzipSync(Buffer.from([0x22, 0xff, 0x22]))],
  ])('a form is refused if %s', (_, bytes) => {
    expect(() => reading(bytes)).toThrow(NotDecompressed);
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  // In the checksum, so that only a comparison with the text shows it.
  copy[copy.length - 5] = (copy[copy.length - 5] ?? 0) ^ 1;
  return copy;
}
