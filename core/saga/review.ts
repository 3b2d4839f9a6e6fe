import type { Saga } from './define.ts';
import { handleReview, type SagaResult, type SagaStore } from './handle.ts';
import type { SagaClock, SagaInstance } from './step.ts';

/** How far the instances of a saga are reviewed after its definition changed. */
export interface Review {
  /** The definition that the instances are reviewed by, see `definitionOf`. */
  readonly definition: string;
  /** When this definition was first seen, epoch milliseconds. */
  readonly seenAtMs: number;
  /** When the current pass over the instances began, epoch milliseconds. */
  readonly beganAtMs: number;
  /** The cursor of the next page; undefined at the beginning of a pass. */
  readonly cursor: string | undefined;
  /** Whether an instance failed in the current pass. */
  readonly hasFailed: boolean;
  /** Whether all instances are reviewed. */
  readonly isDone: boolean;
}

/** Finds the instances to review and records the progress. */
export interface ReviewedInstances {
  /** Returns the progress; undefined before the first review. */
  review(): Promise<Review | undefined>;
  noteReview(review: Review): Promise<void>;
  /** Returns a page of all instances, in a stable order. */
  page(
    cursor: string | undefined,
  ): Promise<{ readonly items: readonly SagaInstance[]; readonly cursor?: string | undefined }>;
}

/** The result of a run. */
export interface ReviewReport {
  /** Decisions and cancellations that the new definition made possible. */
  readonly settled: readonly SagaResult[];
  /** The errors of instances that failed. These instances are reviewed again. */
  readonly failures: readonly unknown[];
}

/** Most pages in one run. The remaining ones follow in the next run. */
const MAX_PAGES = 10;

/**
 * A deployment replaces the saga's functions one after the other. A pass that began within this time after the new
 * definition was first seen may have missed an instance that the old function stored, so another pass follows.
 */
const DEPLOYMENT_MS = 15 * 60_000;

/** The part of a definition that waiting instances depend on, as text. */
export function definitionOf({ needs, cancelledBy, deadlineSeconds }: Saga): string {
  const types = (contracts: typeof needs) => contracts.map(({ type }) => type).sort();
  return JSON.stringify([types(needs), types(cancelledBy), deadlineSeconds ?? null]);
}

/**
 * Reviews waiting instances after the saga's needs, cancellations or deadline changed: decides the ones that have all
 * their facts now, cancels the ones that have a fact that cancels now, and sets the deadlines. Costs one read while
 * nothing has changed.
 */
export async function reviewInstances(
  saga: Saga,
  store: SagaStore & ReviewedInstances,
  clock: SagaClock,
): Promise<ReviewReport> {
  const { nowMs } = clock;
  const settled: SagaResult[] = [];
  const failures: unknown[] = [];
  const definition = definitionOf(saga);
  const known = await store.review();
  let review: Review = known?.definition === definition ? known : begun(definition, nowMs, nowMs);
  for (let page = 0; page < MAX_PAGES && !review.isDone; page += 1) {
    const { items, cursor } = await store.page(review.cursor);
    const waiting = items.filter(({ status }) => status === 'waiting');
    for (const result of await Promise.allSettled(waiting.map(({ key }) => handleReview(saga, store, key, clock)))) {
      if (result.status === 'rejected') failures.push(result.reason);
      else if (result.value !== undefined && result.value.outcome !== 'waiting') settled.push(result.value);
    }
    review = next({ ...review, cursor, hasFailed: review.hasFailed || failures.length > 0 }, nowMs);
    await store.noteReview(review);
    // A pass that failed, or that is too early, is repeated in a later run.
    if (review.cursor === undefined) break;
  }
  return { settled, failures };
}

function begun(definition: string, seenAtMs: number, nowMs: number): Review {
  return { definition, seenAtMs, beganAtMs: nowMs, cursor: undefined, hasFailed: false, isDone: false };
}

/** The progress after a page: the pass goes on, ends the review, or is repeated. */
function next(review: Review, nowMs: number): Review {
  if (review.cursor !== undefined) return review;
  const isLast = !review.hasFailed && review.beganAtMs - review.seenAtMs >= DEPLOYMENT_MS;
  return isLast ? { ...review, isDone: true } : begun(review.definition, review.seenAtMs, nowMs);
}
