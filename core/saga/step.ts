import { assertEntityType, type EntityRef } from '../entity.ts';
import type { Fact } from '../facts/fact.ts';
import { canonicalState } from '../state.ts';
import { type Effect, type FactsByType, OVERDUE, type Saga } from './define.ts';

/** Effects of one decision: a transaction takes 100 actions (ddb/Constraints, 2026-11-23), and one is the instance. */
const MAX_EFFECTS = 99;

/** One run of a saga: what it knows of one key. */
export interface SagaInstance {
  readonly key: string;
  /** Integer from 1 that grows by one with each write. */
  readonly revision: number;
  /** `waiting` for facts · `decided` · `cancelled` before a decision. The last two are for good. */
  readonly status: 'waiting' | 'decided' | 'cancelled';
  /** The first fact of each type. */
  readonly facts: FactsByType;
  /** When the first fact arrived, ISO 8601. */
  readonly beganAt: string;
  /** When an alert is raised, epoch milliseconds; undefined where none is to be raised any more. */
  readonly dueAtMs: number | undefined;
  /** Names of the effects that were recorded. */
  readonly effects: readonly string[];
  /** When a settled instance may be forgotten, epoch seconds; undefined while it waits. */
  readonly expiresAtSeconds: number | undefined;
}

/**
 * What became of a fact. `waiting`: taken, others are missing · `decided`: it was the last one · `cancelled`: it called the decision off ·
 * `cancelled-late`: the decision was taken before · `duplicate`: this very event came before · `repeated`: another event of its type came
 * before, and the first one counts · `after-cancellation`: nothing is decided any more · `overdue`: no fact, the deadline passed.
 */
export const SAGA_OUTCOMES = [
  'waiting',
  'decided',
  'cancelled',
  'cancelled-late',
  'duplicate',
  'repeated',
  'after-cancellation',
  'overdue',
] as const;

/** See `SAGA_OUTCOMES`. */
export type SagaOutcome = (typeof SAGA_OUTCOMES)[number];

/** What to do of a fact or a deadline; without `next` nothing. */
export interface Step {
  readonly outcome: SagaOutcome;
  /** What is to be stored, in one transaction with the effects. */
  readonly next?: SagaInstance;
  readonly effects: readonly Effect[];
}

/** What a step depends on beside the facts. */
export interface SagaClock {
  readonly nowMs: number;
  /** How long a settled instance is kept, seconds: longer than any way in which a fact can come again. */
  readonly keepSeconds: number;
}

/**
 * Decides what a fact does to an instance.
 *
 * @param instance what is stored of the fact's key; undefined for nothing
 * @throws FreshetError `InvalidState` | `InvalidEntityType` on effects that can't be recorded, and whatever the saga's own functions throw
 */
export function sagaStep(saga: Saga, instance: SagaInstance | undefined, fact: Fact, clock: SagaClock): Step {
  const known = instance && Object.hasOwn(instance.facts, fact.type) ? instance.facts[fact.type] : undefined;
  if (known !== undefined) return { outcome: known.id === fact.id ? 'duplicate' : 'repeated', effects: [] };
  if (instance?.status === 'cancelled') return { outcome: 'after-cancellation', effects: [] };
  const before = instance ?? begun(saga, saga.key(fact), clock);
  const taken = { ...before, revision: before.revision + 1, facts: { ...before.facts, [fact.type]: fact } };
  if (saga.cancelledBy.some(({ type }) => type === fact.type)) {
    return taken.status === 'decided'
      ? settled(taken, 'decided', 'cancelled-late', unrecorded(taken, saga.cancelledLate(taken.facts)), clock)
      : settled(taken, 'cancelled', 'cancelled', [], clock);
  }
  if (missingFacts(saga, taken).length > 0) return { outcome: 'waiting', next: taken, effects: [] };
  return settled(taken, 'decided', 'decided', saga.decide(taken.facts), clock);
}

/** Decides what the passing of time does: one alert for an instance that waits beyond its deadline. Undefined where nothing is due. */
export function overdueStep(saga: Saga, instance: SagaInstance, nowMs: number): Step | undefined {
  const { status, dueAtMs, revision, beganAt } = instance;
  if (status !== 'waiting' || dueAtMs === undefined || dueAtMs > nowMs) return undefined;
  const effect = { name: OVERDUE, data: { missing: missingFacts(saga, instance), since: beganAt } };
  const next = { ...instance, revision: revision + 1, dueAtMs: undefined, effects: [...instance.effects, OVERDUE] };
  return { outcome: 'overdue', next, effects: [effect] };
}

/** The types of facts that an instance still waits for. */
export function missingFacts(saga: Saga, { facts }: Pick<SagaInstance, 'facts'>): string[] {
  return saga.needs.map(({ type }) => type).filter((type) => !Object.hasOwn(facts, type));
}

function begun({ deadlineSeconds }: Saga, key: string, { nowMs }: SagaClock): SagaInstance {
  return {
    ...{ key, revision: 0, status: 'waiting', facts: {}, effects: [], expiresAtSeconds: undefined },
    beganAt: new Date(nowMs).toISOString(),
    dueAtMs: deadlineSeconds === undefined ? undefined : nowMs + deadlineSeconds * 1000,
  };
}

/** Of the effects of a late cancellation, those that are new: a second one, by a fact of another type, asks for the same again. */
function unrecorded({ effects: recorded }: SagaInstance, effects: readonly Effect[]): readonly Effect[] {
  return effects.filter(({ name }) => name === OVERDUE || !recorded.includes(name));
}

function settled(
  instance: SagaInstance,
  status: SagaInstance['status'],
  outcome: SagaOutcome,
  effects: readonly Effect[],
  { nowMs, keepSeconds }: SagaClock,
): Step {
  if (effects.length > MAX_EFFECTS) {
    throw new Error(`${effects.length} effects of ${instance.key} at once. At most ${MAX_EFFECTS}.`);
  }
  const names = effects.map(({ name }) => name);
  for (const { name, data } of effects) assertEffect({ type: name, id: instance.key }, data);
  const all = [...instance.effects, ...names];
  const twice = all.find((name, index) => (name === OVERDUE && names.includes(name)) || all.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(
      `effect ${twice} of ${instance.key}: recorded before, or ${OVERDUE}. Each name once in an instance.`,
    );
  }
  const expiresAtSeconds = Math.ceil(nowMs / 1000) + keepSeconds;
  return { outcome, next: { ...instance, status, effects: all, dueAtMs: undefined, expiresAtSeconds }, effects };
}

function assertEffect(effect: EntityRef, data: unknown): void {
  assertEntityType(effect.type);
  canonicalState(effect, data);
}
