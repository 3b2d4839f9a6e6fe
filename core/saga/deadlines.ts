import type { Saga } from './define.ts';
import { type DueInstances, handleDeadline, type SagaResult, type SagaStore } from './handle.ts';

/** Instances that are looked at side by side. */
const PAGE = 50;

/** Most pages of one run: what is left is due at the next one too. */
const MAX_PAGES = 100;

/** What a run raised, and why others failed; those are due again. */
export interface OverdueReport {
  readonly raised: readonly SagaResult[];
  readonly failures: readonly unknown[];
}

/** Raises the alert of each instance that is due, each tried once in a run: one that fails doesn't hold up the others. */
export async function raiseOverdue(saga: Saga, store: SagaStore & DueInstances, nowMs: number): Promise<OverdueReport> {
  const raised: SagaResult[] = [];
  const failures: unknown[] = [];
  const tried = new Set<string>();
  for (let page = 0; page < MAX_PAGES; page += 1) {
    // What was tried may still be named: it failed, or the index lags behind its table.
    const due = await store.due(nowMs, PAGE + tried.size);
    const keys = due.filter((key) => !tried.has(key)).slice(0, PAGE);
    if (keys.length === 0) break;
    for (const result of await Promise.allSettled(keys.map((key) => handleDeadline(saga, store, key, nowMs)))) {
      if (result.status === 'rejected') failures.push(result.reason);
      else if (result.value !== undefined) raised.push(result.value);
    }
    for (const key of keys) tried.add(key);
  }
  return { raised, failures };
}
