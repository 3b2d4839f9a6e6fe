import type { EntityRef } from '../entity.ts';
import { type CanonicalState, canonicalState } from '../state.ts';
import type { OwnedEntity } from './own.ts';

/**
 * Returns the state of a heartbeat: when it was committed. Its `changedAt` is the time that it vouches for, which may
 * be earlier.
 */
export function heartbeatState(entity: EntityRef, nowMs: number): CanonicalState {
  return canonicalState(entity, { at: new Date(nowMs).toISOString() });
}

/** Returns when a heartbeat was committed, ISO 8601; undefined if its state doesn't tell. */
export function heartbeatCommittedAt({ stateJson }: Pick<OwnedEntity, 'stateJson'>): string | undefined {
  try {
    const { at } = JSON.parse(stateJson ?? '{}') as { readonly at?: unknown };
    return typeof at === 'string' && !Number.isNaN(Date.parse(at)) ? at : undefined;
  } catch {
    return undefined;
  }
}
