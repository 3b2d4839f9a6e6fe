import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import { EXIT } from '../../errors.ts';
import type { Work } from '../../work.ts';
import { refusalJson } from '../../write-once.ts';
import type { ImportResult } from './import-rows.ts';
import type { Removal } from './remove.ts';

/** How an import ended, with its deletions. */
export type Ended = ImportResult & Removal;

/** Prints what an import has done. @returns the exit code. Throws why the import ended early */
export function conclude(
  { io: { stdout, stderr }, signal }: Pick<Work, 'io' | 'signal'>,
  { failure, ...counts }: Ended,
  { json = false, sync = false }: { readonly json?: boolean; readonly sync?: boolean },
): number {
  // Without a record, the file was refused as a whole.
  if (failure !== undefined && counts.records === 0) throw failure;
  const refusal = failure instanceof BackpressureError ? { refusal: refusalJson(failure) } : {};
  const result = { ...counts, interrupted: signal.aborted, ...refusal };
  stdout.write(`${json ? JSON.stringify(result) : summary(counts, sync)}\n`);
  if (failure !== undefined) {
    stderr.write('the import stopped early; run the command again when the cause of this error is gone:\n');
    throw failure;
  }
  if (signal.aborted) {
    stderr.write('interrupted; run the command again to continue\n');
    return EXIT.interrupted;
  }
  return counts.rejected > 0 || counts.kept > 0 ? EXIT.failed : EXIT.ok;
}

function summary(
  { records, created, changed, unchanged, rejected, leftOut, notPut, deleted, kept }: Ended,
  sync: boolean,
) {
  return [
    `${records} records: ${created} created, ${changed} changed, ${unchanged} unchanged, ${rejected} rejected`,
    ...(leftOut > 0 ? [`${leftOut} deleted entities left out`] : []),
    ...(notPut > 0 ? [`${notPut} not put`] : []),
    ...(sync ? [`${deleted} entities deleted`] : []),
    ...(kept > 0 ? [`${kept} not deleted, because they changed meanwhile`] : []),
  ].join(', ');
}
