import { once } from 'node:events';
import { createGunzip } from 'node:zlib';

/** The first bytes of a gzip file (RFC 1952, 2.3.1). */
const MAGIC = [0x1f, 0x8b];

/** A compressed byte becomes at most about a thousand others, so this bounds the memory of one step. */
const STEP_BYTES = 4 * 1024;

/** Whether a file that begins so is compressed with gzip. */
export function isGzip(head: Uint8Array): boolean {
  return MAGIC.every((byte, index) => head[index] === byte);
}

/**
 * Decompresses gzip. If the data is damaged or cut off, it yields what came before that step, then throws. A stream
 * that an error destroys would drop what its reader hasn't taken yet.
 */
export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const decompressed: Buffer[] = [];
  gunzip.on('data', (bytes: Buffer) => decompressed.push(bytes));
  const failed = once(gunzip, 'close').then(() => gunzip.errored ?? undefined);
  const write = (bytes: Uint8Array) =>
    Promise.race([failed, new Promise<undefined>((done) => gunzip.write(bytes, () => done(undefined)))]);
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length; from += STEP_BYTES) {
        await write(chunk.subarray(from, from + STEP_BYTES));
        yield* decompressed.splice(0);
        if (gunzip.errored) throw gunzip.errored;
      }
    }
    gunzip.end();
    const error = await failed;
    yield* decompressed.splice(0);
    if (error !== undefined) throw error;
  } finally {
    gunzip.destroy();
  }
}
