import type { Saga } from './define.ts';
import { type DueInstances, handleDeadline, type SagaResult, type SagaStore } from './handle.ts';

/** Instances that are looked at side by side. */
const SIDE_BY_SIDE = 50;

/** Most instances of one run: what is left is due at the next one too. */
const MAX_INSTANCES = 1_000;

/** What a run raised, and why others failed; those are due again. */
export interface OverdueReport {
  readonly raised: readonly SagaResult[];
  readonly failures: readonly unknown[];
}

/** Raises the alert of each instance that is due, a thousand at most; one that fails doesn't hold up the others. */
export async function raiseOverdue(saga: Saga, store: SagaStore & DueInstances, nowMs: number): Promise<OverdueReport> {
  const raised: SagaResult[] = [];
  const failures: unknown[] = [];
  const keys = await store.due(nowMs, MAX_INSTANCES);
  for (let from = 0; from < keys.length; from += SIDE_BY_SIDE) {
    const some = keys.slice(from, from + SIDE_BY_SIDE);
    for (const result of await Promise.allSettled(some.map((key) => handleDeadline(saga, store, key, nowMs)))) {
      if (result.status === 'rejected') failures.push(result.reason);
      else if (result.value !== undefined) raised.push(result.value);
    }
  }
  return { raised, failures };
}
