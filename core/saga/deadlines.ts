import type { Saga } from './define.ts';
import { type DueInstances, handleDeadline, type SagaResult, type SagaStore } from './handle.ts';

/** Maximum number of instances that are handled concurrently. */
const MAX_CONCURRENT = 50;

/** Maximum number of instances in one run. The remaining ones are due again in the next run. */
const MAX_INSTANCES = 1_000;

/** The result of a run. */
export interface OverdueReport {
  /** The alerts that were raised. */
  readonly raised: readonly SagaResult[];
  /** The errors of instances that failed. These instances are due again. */
  readonly failures: readonly unknown[];
}

/**
 * Raises the alert of each instance that is due, at most MAX_INSTANCES. A failing instance doesn't hold up the others.
 */
export async function raiseOverdue(saga: Saga, store: SagaStore & DueInstances, nowMs: number): Promise<OverdueReport> {
  const raised: SagaResult[] = [];
  const failures: unknown[] = [];
  const keys = await store.due(nowMs, MAX_INSTANCES);
  for (let from = 0; from < keys.length; from += MAX_CONCURRENT) {
    const some = keys.slice(from, from + MAX_CONCURRENT);
    for (const result of await Promise.allSettled(some.map((key) => handleDeadline(saga, store, key, nowMs)))) {
      if (result.status === 'rejected') failures.push(result.reason);
      else if (result.value !== undefined) raised.push(result.value);
    }
  }
  return { raised, failures };
}
