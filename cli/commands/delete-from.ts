import { assertNotAdopted, ownedContract } from 'freshet-aws/internal/core/contract/define-boundary';
import { FreshetError, quoted } from 'freshet-aws/internal/core/errors';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import { EXIT, UsageError } from '../errors.ts';
import { openInput } from '../files/input.ts';
import { placeText } from '../files/place.ts';
import type { Row } from '../files/row.ts';
import { type ReadOptions, readRows } from '../files/rows.ts';
import { interrupted } from '../interrupt.ts';
import { confirmed } from '../output/confirm.ts';
import { progressBar } from '../output/progress.ts';
import type { Work } from '../work.ts';
import { refusalJson } from '../write-once.ts';
import { eachAtOnce } from './import/each-at-once.ts';

/** What is deleted, and how. */
export interface DeletionsFrom {
  readonly type: string;
  readonly file: string;
  readonly read: ReadOptions;
  /** The field that holds the id. */
  readonly idField: string;
  /** Milliseconds. */
  readonly maxWaitMs: number;
  readonly priority: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Concurrent deletions. */
const WRITERS = 32;

/** Deletes the entities at their owner whose ids are in a file. @returns the exit code */
export async function deleteFrom(work: Work, job: DeletionsFrom): Promise<number> {
  const { io, deployment, signal } = work;
  const { owner, name, boundary } = await deployment.ownerOf(job.type);
  assertNotAdopted(ownedContract(boundary, job.type));
  const question = `Delete the entities of ${job.type} at ${name} whose ids are in ${job.file}?`;
  const input = await openInput(io, job.file);
  const show = progressBar(io, input.totalBytes, 'records');
  const stop = () => input.close();
  signal.addEventListener('abort', stop);
  try {
    if (!(await confirmed(work, question, deployment.isLocal || job.yes))) {
      io.stderr.write('nothing was deleted\n');
      return EXIT.failed;
    }
    const counts = { records: 0, deleted: 0, unchanged: 0, unknown: 0, rejected: 0, notDeleted: 0 };
    const remove = async (row: Row, stopped: AbortSignal): Promise<void> => {
      counts.records += 1;
      const reject = (problem: string) => {
        counts.rejected += 1;
        show.note(`${placeText(row.place)}: ${problem.replace(/\p{Cc}/gu, ' ')}`);
      };
      const found = idOf(row, job.idField);
      if ('problem' in found) return reject(found.problem);
      try {
        const { maxWaitMs, priority } = job;
        const { outcome } = await owner.delete(job.type, found.id, { maxWaitMs, priority, signal: stopped });
        counts[outcome === 'deleted' || outcome === 'unknown' ? outcome : 'unchanged'] += 1;
      } catch (error) {
        if (error instanceof FreshetError && !(error instanceof BackpressureError)) return reject(error.message);
        counts.notDeleted += 1;
        if (!(error instanceof BackpressureError && stopped.aborted)) throw error;
      }
      show.update(input.bytesRead(), counts.records, `${counts.rejected} rejected`);
    };
    const rows = withIds(readRows(input.chunks, job.read), job.idField);
    const { failure } = await eachAtOnce(rows, { atOnce: WRITERS, signal }, remove);
    show.end();
    if (failure !== undefined && counts.records === 0) throw failure;
    const refusal = failure instanceof BackpressureError ? { refusal: refusalJson(failure) } : {};
    const result = { ...counts, interrupted: signal.aborted, ...refusal };
    io.stdout.write(`${job.json ? JSON.stringify(result) : summary(counts)}\n`);
    if (failure !== undefined) throw failure;
    if (signal.aborted) return interrupted(io);
    if (counts.records === 0) throw new UsageError(`${job.file} has no records. Allowed: at least one record.`);
    if (counts.rejected > 0) return EXIT.failed;
    return counts.unknown > 0 ? EXIT.absent : EXIT.ok;
  } finally {
    show.end();
    signal.removeEventListener('abort', stop);
    input.close();
  }
}

/** The rows of a file. Throws if the first of them that can be read lacks the field of the id. */
async function* withIds(rows: AsyncIterable<Row>, idField: string): AsyncGenerator<Row> {
  let isChecked = false;
  for await (const row of rows) {
    if (!isChecked && 'fields' in row) {
      const found = idOf(row, idField);
      if ('problem' in found)
        throw new UsageError(`--id: ${placeText(row.place)}: ${found.problem}. Nothing was deleted.`);
      isChecked = true;
    }
    yield row;
  }
}

function idOf(row: Row, idField: string): { readonly id: string } | { readonly problem: string } {
  if ('problem' in row) return row;
  const id = Object.hasOwn(row.fields, idField) ? row.fields[idField] : undefined;
  if (typeof id === 'string' || Number.isSafeInteger(id)) return { id: String(id) };
  const fields = Object.keys(row.fields).slice(0, 20).join(', ') || 'none';
  if (id === undefined) return { problem: `no id field ${idField}. Fields of the row: ${fields}` };
  return { problem: `${idField}: not an id: ${quoted(id)}. Allowed: a text, or an integer up to 2^53 - 1` };
}

function summary(
  counts: Readonly<Record<'records' | 'deleted' | 'unchanged' | 'unknown' | 'rejected' | 'notDeleted', number>>,
) {
  const { records, deleted, unchanged, unknown, rejected, notDeleted } = counts;
  const rest = notDeleted > 0 ? `, ${notDeleted} not deleted` : '';
  return `${records} records: ${deleted} deleted, ${unchanged} deleted before, ${unknown} never existed, ${rejected} rejected${rest}`;
}
