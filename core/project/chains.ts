import type { CachedType } from '../contract/contract.ts';
import { partProblem } from '../contract/own-fields.ts';
import { applyDelta } from '../delta.ts';
import { sha256 } from '../entity.ts';
import type { State } from '../state.ts';
import type { StoredItem } from './ports.ts';
import { type Applicable, type Content, dataProblem, type Kept, keptOf, keptState } from './read-message.ts';

/** A reading that is a delta. */
export type DeltaReading = Applicable & { readonly content: Extract<Content, { kind: 'delta' }> };

export function isDelta(reading: Applicable): reading is DeltaReading {
  return reading.content.kind === 'delta';
}

/** The events of a batch that lead to a delta. */
export interface Chain {
  /** The whole state that the first delta starts from, if it is in the batch. */
  readonly start: Applicable | undefined;
  /** Deltas without a gap between them, the asked one last. */
  readonly deltas: readonly DeltaReading[];
}

/** The chain that ends with a delta, among events of the same entity. */
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

/**
 * Whether an event has the schema version that the cache stores. A change of an older form can't be applied to a newer
 * form.
 */
export function isCurrent({ event, cached }: Applicable): boolean {
  return event.schemaVersion === cached.contract.schemaVersion;
}

/**
 * The deltas of a chain that are newer than the stored item; undefined if the first of them doesn't start from that
 * item, or if the item isn't as the projector wrote it.
 */
export function continuation(
  { deltas }: Chain,
  stored: StoredItem | undefined,
  cached: CachedType,
): readonly DeltaReading[] | undefined {
  // In this order, because data that was changed in another way may have no JSON.
  if (stored === undefined || !stored.isIntact || stored.dataJson === undefined) return undefined;
  const isSameForm =
    stored.schemaVersion === cached.contract.schemaVersion && stored.fieldsRevision === cached.fieldsRevision;
  const next = deltas.findIndex(({ event }) => event.version === stored.version + 1);
  if (!isSameForm || deltas[next]?.content.baseDigest !== stored.digest) return undefined;
  return deltas.slice(next);
}

/**
 * Applies deltas to a stored state. `gap`: the result isn't the state that the owner digested, or the schema can't
 * check it without the fields that the cache doesn't keep, so that the whole state is needed · `problem`: the result
 * is invalid.
 */
export async function folded(
  baseJson: string,
  deltas: readonly DeltaReading[],
): Promise<{ readonly kept: Kept } | { readonly problem: string } | 'gap'> {
  const last = deltas.at(-1);
  if (last === undefined) throw new Error('no delta to fold');
  const { event, cached } = last;
  const state = deltas.reduce((base, { content }) => applyDelta(base, content.delta), JSON.parse(baseJson) as State);
  const kept = keptOf(event.entity, cached, state);
  if (cached.fields === undefined) {
    if (sha256(kept.dataJson) !== event.digest) return 'gap';
    const checked = await keptState(event, cached, state);
    return 'problem' in checked ? checked : { kept };
  }
  // A selection of fields has no digest to compare with.
  const changed = deltas.flatMap(({ content: { delta } }) => [...Object.keys(delta.changed), ...delta.removed]);
  const problem = await partProblem(cached.contract, state, { kept: cached.fields, changed: [...new Set(changed)] });
  if (problem === 'unchecked') return 'gap';
  return problem === undefined ? { kept } : { problem: dataProblem(problem) };
}
