import { open } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { FORMATS, type Format } from './rows.ts';

/** A file that a command reads, or standard input, and the number of bytes that were read. */
export interface Input {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** undefined for standard input, a pipe or a device. */
  readonly totalBytes: number | undefined;
  bytesRead(): number;
  /** Throws a UsageError if the file was changed since it was opened. */
  assertUnchanged(): Promise<void>;
  close(): void;
}

/** What `-` stands for. */
export const STANDARD_INPUT = '-';

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
};

/** Opens a file, or standard input for `-`. @throws UsageError if the file can't be read */
export async function openInput({ cwd, stdin }: CommandIo, file: string): Promise<Input> {
  let bytes = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  const bytesRead = () => bytes;
  if (file === STANDARD_INPUT) {
    const close = () => void stdin.destroy();
    return { chunks: counted(stdin), totalBytes: undefined, bytesRead, assertUnchanged: async () => undefined, close };
  }
  try {
    const handle = await open(resolve(cwd, file));
    const before = await handle.stat();
    if (before.isDirectory()) {
      await handle.close();
      throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    }
    // The handle stays open until `close`, for the comparison at the end.
    const stream = handle.createReadStream({ autoClose: false });
    return {
      chunks: counted(stream),
      totalBytes: before.isFile() ? before.size : undefined,
      bytesRead,
      async assertUnchanged() {
        const after = await handle.stat();
        if (!before.isFile() || (after.mtimeMs === before.mtimeMs && after.size === before.size)) return;
        throw new UsageError(
          `${file} was changed while it was read: it had ${before.size} bytes, and has ${after.size}. Run the command ` +
            'again when the file is complete.',
        );
      },
      close() {
        stream.destroy();
        void handle.close().catch(() => undefined);
      },
    };
  } catch (error) {
    const { code = 'failed' } = error as NodeJS.ErrnoException;
    const why = WHY[code] === undefined ? code : `${WHY[code]} (${code})`;
    throw new UsageError(`cannot read ${file}: ${why}. Allowed: a file, or - for standard input.`);
  }
}

/** The format of a file by its extension, such as `.csv` or `.csv.gz`; undefined for any other extension. */
export function formatOf(file: string): Format | undefined {
  const ending = extname(file.replace(/\.gz$/i, '')).slice(1).toLowerCase();
  return FORMATS.find((format) => format === ending);
}
