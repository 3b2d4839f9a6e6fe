import { open } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { FORMATS, type Format } from './rows.ts';

/** The input of an import, and the number of bytes that were read. */
export interface Input {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** undefined for standard input. */
  readonly totalBytes: number | undefined;
  bytesRead(): number;
  close(): void;
}

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
  if (file === '-') {
    return { chunks: counted(stdin), totalBytes: undefined, bytesRead, close: () => void stdin.destroy() };
  }
  try {
    const handle = await open(resolve(cwd, file));
    const stat = await handle.stat();
    if (stat.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    const stream = handle.createReadStream();
    return { chunks: counted(stream), totalBytes: stat.size, bytesRead, close: () => void stream.destroy() };
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'failed'}.`);
  }
}

/** The format of a file by its extension; NDJSON for any other extension. */
export function formatOf(file: string): Format {
  const ending = extname(file).slice(1).toLowerCase();
  return FORMATS.find((format) => format === ending) ?? 'ndjson';
}
