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

/** Raises the alert of each instance that is due; ends early at a page on which one failed, or none was due any more. */
export async function raiseOverdue(saga: Saga, store: SagaStore & DueInstances, nowMs: number): Promise<OverdueReport> {
  const raised: SagaResult[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const keys = await store.due(nowMs, PAGE);
    const results = await Promise.allSettled(keys.map((key) => handleDeadline(saga, store, key, nowMs)));
    const done = results.flatMap((result) => (result.status === 'fulfilled' ? (result.value ?? []) : []));
    raised.push(...done);
    const failures: unknown[] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    // An index lags behind its table: it may still name what was raised just now.
    if (failures.length > 0 || done.length === 0) return { raised, failures };
  }
  return { raised, failures: [] };
}
