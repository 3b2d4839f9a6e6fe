import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { UsageError } from '../../errors.ts';
import { openInput } from '../../files/input.ts';
import { type ReadOptions, readRows } from '../../files/rows.ts';
import { progressBar } from '../../output/progress.ts';
import type { Work } from '../../work.ts';
import type { ImportResult, ImportSource } from './import-rows.ts';
import type { RowMapping } from './state.ts';

/** The work on one file. */
export interface FileWork extends Work {
  readonly file: string;
  readonly read: ReadOptions;
  readonly mapping: RowMapping | 'export';
  readonly contract: EntityContract;
  /** Concurrent writes. */
  readonly writers: number;
  /** How long a write waits for admission while a cache lags, in milliseconds. */
  readonly maxWaitMs: number;
}

/**
 * Reads the file once from begin to end, and shows the progress. Prints each record that is rejected. If the file was
 * changed meanwhile, the result is a failure. Ctrl-C stops reading.
 *
 * @param unit what the progress counts
 * @throws UsageError if the file can't be opened or has no records
 */
export async function throughFile<R extends ImportResult>(
  { io, file, read, mapping, contract, signal }: FileWork,
  unit: string,
  run: (source: ImportSource) => Promise<R>,
): Promise<R> {
  const input = await openInput(io, file);
  const show = progressBar(io, input.totalBytes, unit);
  const stop = () => input.close();
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) stop();
    const result = await run({
      contract,
      mapping,
      rows: readRows(input.chunks, read),
      // The problem may quote the file, whose control characters could change the terminal.
      onReject: (place, problem) => show.note(`${place}: ${problem.replace(/\p{Cc}/gu, ' ')}`),
      onProgress: ({ records, rejected }) => show.update(input.bytesRead(), records, `${rejected} rejected`),
    });
    if (result.failure !== undefined || signal.aborted) return result;
    if (result.records === 0) throw noRecords(file, input.bytesRead());
    try {
      await input.assertUnchanged();
    } catch (failure) {
      return { ...result, failure };
    }
    return result;
  } finally {
    show.end();
    signal.removeEventListener('abort', stop);
    input.close();
  }
}

function noRecords(file: string, bytes: number): UsageError {
  const name = file === '-' ? 'standard input' : file;
  return new UsageError(`${name} has no records. Given: ${bytes} bytes. Allowed: at least one record.`);
}
