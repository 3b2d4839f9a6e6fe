import type { CachedType } from '../contract.ts';
import { applyDelta } from '../delta.ts';
import { sha256 } from '../entity.ts';
import type { State } from '../state.ts';
import type { StoredItem } from './ports.ts';
import { type Applicable, type Content, type Kept, keptOf, keptState } from './read-message.ts';

/** A delta that was read. */
export type DeltaReading = Applicable & { readonly content: Extract<Content, { kind: 'delta' }> };

export function isDelta(reading: Applicable): reading is DeltaReading {
  return reading.content.kind === 'delta';
}

/**
 * What leads to a delta within its batch: the deltas that follow upon each other without a gap, the asked one last, and the whole state
 * that they start from, if that is in the batch too.
 */
export interface Chain {
  readonly start: Applicable | undefined;
  readonly deltas: readonly DeltaReading[];
}

/** The chain that ends with the delta, among events of the same entity. */
export function chainOf(readings: readonly Applicable[], delta: DeltaReading): Chain {
  const deltas = [delta];
  for (;;) {
    const { event, content } = deltas[0] as DeltaReading;
    const before = readings.filter(
      (one) => one.event.version === event.version - 1 && one.event.digest === content.baseDigest && isCurrent(one),
    );
    const start = before.find(({ content: { kind } }) => kind === 'state');
    if (start !== undefined) return { start, deltas };
    const previous = before.find(isDelta);
    if (previous === undefined) return { start: undefined, deltas };
    deltas.unshift(previous);
  }
}

/** Whether an event speaks the schema version that the cache keeps: a change of an older form can't be applied to a newer one. */
export function isCurrent({ event, cached }: Applicable): boolean {
  return event.schemaVersion === cached.contract.schemaVersion;
}

/** The deltas of a chain that come after what is stored; undefined if the first of them doesn't start from it. */
export function continuation(
  { deltas }: Chain,
  stored: StoredItem | undefined,
  cached: CachedType,
): readonly DeltaReading[] | undefined {
  if (stored?.dataJson === undefined) return undefined;
  const isSameForm =
    stored.schemaVersion === cached.contract.schemaVersion && stored.fieldsRevision === cached.fieldsRevision;
  const next = deltas.findIndex(({ event }) => event.version === stored.version + 1);
  if (!isSameForm || deltas[next]?.content.baseDigest !== stored.digest) return undefined;
  return deltas.slice(next);
}

/** What deltas make of a stored state: as it is stored, or that it doesn't come out as the owner says, or why it can't be stored. */
export async function folded(
  baseJson: string,
  deltas: readonly DeltaReading[],
): Promise<{ readonly kept: Kept } | { readonly problem: string } | 'other-digest'> {
  const last = deltas.at(-1);
  if (last === undefined) throw new Error('no delta to fold');
  const { event, cached } = last;
  const state = deltas.reduce((base, { content }) => applyDelta(base, content.delta), JSON.parse(baseJson) as State);
  // A part of the state has no digest to compare, and no schema of its own.
  if (cached.fields !== undefined) return { kept: keptOf(event.entity, cached, state) };
  const whole = keptOf(event.entity, cached, state);
  if (sha256(whole.dataJson) !== event.digest) return 'other-digest';
  const kept = await keptState(event, cached, state);
  return 'problem' in kept ? kept : { kept };
}
