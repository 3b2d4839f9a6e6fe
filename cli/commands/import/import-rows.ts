import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import { placeText } from '../../files/place.ts';
import type { Row } from '../../files/row.ts';
import { type AtOnce, eachAtOnce } from './each-at-once.ts';
import { readEntities } from './entities.ts';
import type { Entity, RowMapping } from './state.ts';

/** What became of the records of a file. The other counts add up to `records`. */
export interface ImportCounts {
  /** Records that were read. */
  records: number;
  created: number;
  changed: number;
  unchanged: number;
  rejected: number;
  /** Deleted entities of an export, which are left out. */
  leftOut: number;
  /** Records that were not put, because the import ended before. */
  notPut: number;
}

/** How an import ended. */
export interface ImportResult extends Readonly<ImportCounts> {
  /** Why the import ended early: the input or the owner failed, or a cache lagged for longer than a put may wait. */
  readonly failure?: unknown;
}

/** What an import reads, and what it tells. */
export interface ImportSource {
  readonly contract: EntityContract;
  readonly rows: AsyncIterable<Row>;
  /** `export` for the records of `freshet export`. */
  readonly mapping: RowMapping | 'export';
  readonly onReject: (place: string, problem: string) => void;
  readonly onProgress: (counts: ImportCounts) => void;
}

/** What an import works on. */
export interface ImportJob extends ImportSource {
  readonly owner: Pick<Owner, 'put'>;
  /** Concurrent puts. */
  readonly writers: number;
  /** How long a put waits for admission while a cache lags, in milliseconds. */
  readonly maxWaitMs: number;
  /** Stops the import. Puts that wait for admission then end without a write. */
  readonly signal: AbortSignal;
}

/** An entity of a file that can be put. */
export type Puttable = Extract<Entity, { readonly state: object }>;

/**
 * Puts the rows at the owner, several at once. If the owner refuses a row, the row is rejected and the import
 * continues. The import stops reading if the signal is aborted, if the input or the owner fails, or if the owner admits
 * no write because a cache lags. It returns after the last put has ended. A second run counts the rows that were
 * already put as `unchanged`.
 */
export function importRows(job: ImportJob): Promise<ImportResult> {
  const { maxWaitMs, owner, contract } = job;
  return eachEntity(job, { atOnce: job.writers, signal: job.signal }, async ({ id, state }, signal) => {
    const { outcome } = await owner.put(contract.type, id, state, { maxWaitMs, signal });
    return outcome === 'created' || outcome === 'changed' ? outcome : 'unchanged';
  });
}

/** Works on the entities of a file, several at once, and counts how each of its records ended. */
export async function eachEntity(
  { contract, rows, mapping, onReject, onProgress }: ImportSource,
  atOnce: AtOnce,
  work: (entity: Puttable, signal: AbortSignal) => Promise<'created' | 'changed' | 'unchanged'>,
): Promise<ImportResult> {
  const counts = { records: 0, created: 0, changed: 0, unchanged: 0, rejected: 0, leftOut: 0, notPut: 0 };
  const reject = ({ place }: Entity, problem: string): void => {
    counts.rejected += 1;
    onReject(placeText(place), problem);
  };
  const take = async (entity: Entity, signal: AbortSignal): Promise<void> => {
    counts.records += 1;
    if ('problem' in entity) return reject(entity, entity.problem);
    if ('deleted' in entity) {
      counts.leftOut += 1;
      return;
    }
    try {
      counts[await work(entity, signal)] += 1;
    } catch (error) {
      if (error instanceof FreshetError && !(error instanceof BackpressureError)) return reject(entity, error.message);
      counts.notPut += 1;
      if (!(error instanceof BackpressureError && signal.aborted)) throw error;
    }
  };
  const { failure } = await eachAtOnce(readEntities(contract, rows, mapping), atOnce, async (entity, signal) => {
    await take(entity, signal);
    onProgress(counts);
  });
  onProgress(counts);
  return failure === undefined ? counts : { ...counts, failure };
}
