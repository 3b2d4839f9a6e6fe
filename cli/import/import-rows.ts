import { setMaxListeners } from 'node:events';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner-table';
import type { EntityContract } from 'freshet-aws/internal/core/contract';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import type { Row } from './rows.ts';
import { type RowMapping, toEntity } from './state.ts';

/** What became of the rows so far. */
export interface ImportCounts {
  created: number;
  changed: number;
  unchanged: number;
  rejected: number;
}

/** How an import ended. */
export interface ImportResult extends Readonly<ImportCounts> {
  /** Why it ended early: the input couldn't be read on, the owner couldn't be reached, or a cache lags for longer than a put may wait. */
  readonly failure?: unknown;
}

/** What an import works on, and whom it tells. */
export interface ImportJob {
  readonly owner: Owner;
  readonly contract: EntityContract;
  readonly rows: AsyncIterable<Row>;
  readonly mapping: RowMapping;
  /** Puts that are under way at once. */
  readonly writers: number;
  /** While a cache lags: how long a put waits to be let through, milliseconds. */
  readonly maxWaitMs: number;
  /** Also ends such a wait; what waited was not written. */
  readonly signal: AbortSignal;
  readonly onReject: (place: string, problem: string) => void;
  readonly onProgress: (counts: ImportCounts) => void;
}

/**
 * Puts row after row at the owner, several at once, but those of one id in the order of the input, so that its last one wins. A row that the
 * owner refuses is rejected and the rest goes on. Stops reading when the signal comes, the input can't be read on, the owner can't be
 * reached, or it lets nothing through because a cache lags, which is no fault of a row; returns once nothing is under way any more. Run again,
 * what was put before is `unchanged`.
 */
export async function importRows(job: ImportJob): Promise<ImportResult> {
  const counts: ImportCounts = { created: 0, changed: 0, unchanged: 0, rejected: 0 };
  const failures: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  const lastOfId = new Map<string, Promise<void>>();
  /** Once one put failed, the others' waits are in vain. */
  const failed = new AbortController();
  const signal = AbortSignal.any([job.signal, failed.signal]);
  // Each writer that waits listens to it; Node takes more than ten for a leak.
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
    const { place, id, state } = entity;
    const work = (lastOfId.get(id) ?? Promise.resolve())
      .then(() => put(place, id, state))
      .then(() => {
        underWay.delete(work);
        if (lastOfId.get(id) === work) lastOfId.delete(id);
      });
    underWay.add(work);
    lastOfId.set(id, work);
  };

  try {
    for await (const row of job.rows) {
      if (job.signal.aborted || failures.length > 0) break;
      await take(row);
      job.onProgress(counts);
      if (underWay.size >= job.writers) await Promise.race(underWay);
    }
  } catch (error) {
    // An input that is closed because of the signal ends with an error of its own.
    if (!job.signal.aborted) failures.push(error);
  }
  await Promise.all(underWay);
  job.onProgress(counts);
  return failures.length > 0 ? { ...counts, failure: failures[0] } : counts;
}
