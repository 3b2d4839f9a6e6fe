import { isUtf8 } from 'node:buffer';

/** The decoded text, or the position of the first byte that isn't UTF-8. The first byte has position 1. */
export type Decoded = { readonly text: string } | { readonly badByte: number };

/** Decodes UTF-8 strictly: it never replaces a byte that isn't UTF-8. */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString('utf8');
  if (isUtf8(buffer)) return { text };
  const replaced = Buffer.from(text);
  return { badByte: buffer.findIndex((byte, index) => byte !== replaced[index]) + 1 };
}

/** Says which byte isn't UTF-8. */
export function utf8Problem(badByte: number): string {
  return `byte ${badByte} is not UTF-8`;
}
