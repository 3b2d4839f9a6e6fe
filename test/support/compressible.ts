import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Text that gzip hardly compresses: its base64 form is longer than the text. */
export function noise(characters: number): string {
  const parts = Array.from({ length: Math.ceil(characters / 16) }, (_, index) =>
    createHash('md5').update(String(index)).digest('base64').slice(0, 16),
  );
  return parts.join('').slice(0, characters);
}

/** A list of records such as reference data has them, which gzip compresses to a tenth. */
export function records(count: number): { readonly code: string; readonly name: string; readonly rate: number }[] {
  return Array.from({ length: count }, (_, n) => ({ code: `C${n}`, name: `Commodity number ${n}`, rate: n % 97 }));
}

/** The compressed form that another writer gives: other bytes of the same JSON. */
export function otherForm(json: string): Uint8Array {
  return gzipSync(json, { level: 1 });
}
