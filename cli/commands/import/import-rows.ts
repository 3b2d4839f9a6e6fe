import { setMaxListeners } from 'node:events';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import type { Row } from './rows.ts';
import { type RowMapping, toEntity } from './state.ts';

/** How many rows were put or rejected so far. */
export interface ImportCounts {
  created: number;
  changed: number;
  unchanged: number;
  rejected: number;
  /** Deleted entities of an export, which are left out. */
  leftOut: number;
}

/** How an import ended. */
export interface ImportResult extends Readonly<ImportCounts> {
  /** Why the import ended early: the input or the owner failed, or a cache lagged for longer than a put may wait. */
  readonly failure?: unknown;
}

/** What an import works on, and what it calls. */
export interface ImportJob {
  readonly owner: Owner;
  readonly contract: EntityContract;
  readonly rows: AsyncIterable<Row>;
  /** `export` for the lines of `freshet export`. */
  readonly mapping: RowMapping | 'export';
  /** Concurrent puts. */
  readonly writers: number;
  /** How long a put waits for admission while a cache lags, in milliseconds. */
  readonly maxWaitMs: number;
  /** Stops the import. Puts that wait for admission then end without a write. */
  readonly signal: AbortSignal;
  readonly onReject: (place: string, problem: string) => void;
  readonly onProgress: (counts: ImportCounts) => void;
}

/**
 * Puts the rows at the owner, several at once. Rows with the same id are put in the order of the input, so the last one
 * wins. If the owner refuses a row, the row is rejected and the import continues. The import stops reading if the
 * signal is aborted, if the input or the owner fails, or if the owner admits no write because a cache lags. It returns
 * after the last put has ended. A second run counts the rows that were already put as `unchanged`.
 */
export async function importRows(job: ImportJob): Promise<ImportResult> {
  const counts: ImportCounts = { created: 0, changed: 0, unchanged: 0, rejected: 0, leftOut: 0 };
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  const lastOfId = new Map<string, Promise<void>>();
  /** Aborted after the first failure, so that the other puts stop waiting. */
  const failed = new AbortController();
  const signal = AbortSignal.any([job.signal, failed.signal]);
  // Each waiting writer listens to the signal, and Node by default warns about more than ten listeners.
  setMaxListeners(2 * job.writers, signal);

  const reject = (place: string, problem: string): void => {
    counts.rejected += 1;
    job.onReject(place, problem);
  };
  const put = async (place: string, id: string, state: unknown): Promise<void> => {
    if (failures.length > 0) return;
    try {
      const { maxWaitMs } = job;
      const { outcome } = await job.owner.put(job.contract.type, id, state, { maxWaitMs, signal });
      if (outcome === 'created' || outcome === 'changed' || outcome === 'unchanged') counts[outcome] += 1;
    } catch (error) {
      if (error instanceof FreshetError && !(error instanceof BackpressureError)) reject(place, error.message);
      else if (!(error instanceof BackpressureError && signal.aborted)) {
        failures.push(error);
        failed.abort();
      }
    }
  };

  const take = async (row: Row): Promise<void> => {
    const entity = await toEntity(job.contract, row, job.mapping);
    if ('problem' in entity) return reject(entity.place, entity.problem);
    if ('deleted' in entity) {
      counts.leftOut += 1;
      return;
    }
    const { place, id, state } = entity;
    const work = (lastOfId.get(id) ?? Promise.resolve())
      .then(() => put(place, id, state))
      .then(() => {
        running.delete(work);
        if (lastOfId.get(id) === work) lastOfId.delete(id);
      });
    running.add(work);
    lastOfId.set(id, work);
  };

  try {
    for await (const row of job.rows) {
      if (job.signal.aborted || failures.length > 0) break;
      await take(row);
      job.onProgress(counts);
      if (running.size >= job.writers) await Promise.race(running);
    }
  } catch (error) {
    // Closing the input after the signal makes reading it fail.
    if (!job.signal.aborted) failures.push(error);
  }
  await Promise.all(running);
  job.onProgress(counts);
  return failures.length > 0 ? { ...counts, failure: failures[0] } : counts;
}
