import { assertEntityType, type EntityRef } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import type { Fact } from '../facts/fact.ts';
import { isUnawaited } from '../promises.ts';
import { assertPlainState } from '../state.ts';
import { type Effect, type FactsByType, OVERDUE, type Saga } from './define.ts';

/**
 * Maximum number of effects of one decision: a transaction allows 100 actions (ddb/Constraints, 2026-11-23), and one is
 * the instance.
 */
const MAX_EFFECTS = 99;

/** The facts and the decision of a saga for one key. */
export interface SagaInstance {
  /** Key of the instance, such as an order's id: 1 to 1,024 bytes. */
  readonly key: string;
  /** Integer from 1 that grows by one with each write. */
  readonly revision: number;
  /** `waiting` for facts, `decided`, or `cancelled` before a decision. `decided` and `cancelled` are final. */
  readonly status: 'waiting' | 'decided' | 'cancelled';
  /** The first fact of each type. */
  readonly facts: FactsByType;
  /** When the first fact arrived, ISO 8601. */
  readonly beganAt: string;
  /** When an alert is raised, epoch milliseconds; undefined if no alert is due. */
  readonly dueAtMs: number | undefined;
  /** Names of the recorded effects. */
  readonly effects: readonly string[];
  /** When a decided or cancelled instance may be deleted, epoch seconds; undefined while it waits. */
  readonly expiresAtSeconds: number | undefined;
}

/**
 * The outcomes of a fact or a deadline.
 *
 * - `waiting`: the fact was stored, and others are missing
 * - `decided`: the fact was the last one needed
 * - `cancelled`: the fact cancelled the decision before it was made
 * - `cancelled-late`: the fact is a cancellation, but the decision was already made
 * - `duplicate`: the same event arrived before
 * - `repeated`: another event of the same type arrived before; the first one counts
 * - `after-cancellation`: the instance is cancelled, so the fact has no effect
 * - `after-decision`: the saga began to need the fact after the decision was made, so the fact has no effect
 * - `overdue`: the deadline passed while facts were missing
 */
export const SAGA_OUTCOMES = [
  'waiting',
  'decided',
  'cancelled',
  'cancelled-late',
  'duplicate',
  'repeated',
  'after-cancellation',
  'after-decision',
  'overdue',
] as const;

/** See `SAGA_OUTCOMES`. */
export type SagaOutcome = (typeof SAGA_OUTCOMES)[number];

/** The reaction to a fact or a deadline. */
export interface Step {
  readonly outcome: SagaOutcome;
  /** The instance to store, in one transaction with the effects; undefined if there is nothing to store. */
  readonly next?: SagaInstance;
  readonly effects: readonly Effect[];
}

/** The times that a step depends on. */
export interface SagaClock {
  /** Current time, epoch milliseconds. */
  readonly nowMs: number;
  /** How long a decided or cancelled instance is kept, in seconds: longer than any fact can take to arrive again. */
  readonly keepSeconds: number;
}

/**
 * Decides what a fact does to an instance.
 *
 * @param instance the stored instance of the fact's key; undefined if there is none
 * @throws FreshetError `InvalidState` | `InvalidEntityType` if an effect can't be recorded; errors of the saga's own
 *   functions pass through
 */
export function sagaStep(saga: Saga, instance: SagaInstance | undefined, fact: Fact, clock: SagaClock): Step {
  const known = instance && Object.hasOwn(instance.facts, fact.type) ? instance.facts[fact.type] : undefined;
  if (known !== undefined) {
    // The definition may have changed since the fact arrived.
    const review = reviewStep(saga, instance, clock);
    return review ?? { outcome: known.id === fact.id ? 'duplicate' : 'repeated', effects: [] };
  }
  if (instance?.status === 'cancelled') return { outcome: 'after-cancellation', effects: [] };
  const before = instance ?? begun(saga, keyOf(saga, fact), clock);
  const taken = { ...before, revision: before.revision + 1, facts: { ...before.facts, [fact.type]: fact } };
  if (saga.cancelledBy.some(({ type }) => type === fact.type)) {
    return taken.status === 'decided'
      ? settled(taken, 'decided', 'cancelled-late', unrecorded(taken, effectsOf(saga, 'cancelledLate', taken)), clock)
      : settled(taken, 'cancelled', 'cancelled', [], clock);
  }
  if (taken.status === 'decided') return { outcome: 'after-decision', effects: [] };
  return reviewStep(saga, taken, clock, taken) ?? { outcome: 'waiting', next: taken, effects: [] };
}

/**
 * Looks at an instance by the saga's current definition: decides if no fact is missing, cancels if a fact cancels the
 * decision, and else sets the deadline. Undefined if the definition changes nothing, or the instance is settled.
 *
 * @param next the instance to store; default: the instance with the next revision
 */
export function reviewStep(
  saga: Saga,
  instance: SagaInstance | undefined,
  clock: SagaClock,
  next = instance && { ...instance, revision: instance.revision + 1 },
): Step | undefined {
  if (next?.status !== 'waiting') return undefined;
  if (saga.cancelledBy.some(({ type }) => Object.hasOwn(next.facts, type))) {
    return settled(next, 'cancelled', 'cancelled', [], clock);
  }
  if (missingFacts(saga, next).length === 0) {
    return settled(next, 'decided', 'decided', effectsOf(saga, 'decide', next), clock);
  }
  const dueAtMs = dueAt(saga, next);
  return dueAtMs === next.dueAtMs ? undefined : { outcome: 'waiting', next: { ...next, dueAtMs }, effects: [] };
}

/** When the alert of a waiting instance is due; undefined without a deadline, or if the alert was raised already. */
function dueAt({ deadlineSeconds }: Saga, { beganAt, effects }: SagaInstance): number | undefined {
  if (deadlineSeconds === undefined || effects.includes(OVERDUE)) return undefined;
  return Date.parse(beganAt) + deadlineSeconds * 1000;
}

/** The effects that the saga's function returns. Throws `InvalidSaga` if that isn't a list of effects. */
function effectsOf(saga: Saga, decision: 'decide' | 'cancelledLate', { facts }: SagaInstance): readonly Effect[] {
  const effects: unknown = saga[decision](facts);
  const isList = Array.isArray(effects) && effects.every((one) => typeof one === 'object' && one !== null);
  if (isList) return effects;
  throw wrongResult(saga, decision, effects, 'a list of effects');
}

/** The key of the instance that a fact belongs to. Throws `InvalidSaga` if the saga's function returns no text. */
export function keyOf(saga: Saga, fact: Fact): string {
  const key: unknown = saga.key(fact);
  if (typeof key === 'string') return key;
  throw wrongResult(saga, 'key', key, 'a text');
}

function wrongResult({ name }: Saga, field: string, given: unknown, required: string): FreshetError {
  const returned = isUnawaited(given) ? 'a promise' : typeof given === 'object' ? 'an object' : quoted(given);
  return new FreshetError(
    `${field}: saga ${name} returned ${returned}. Required: ${required}, returned directly and not by a promise.`,
    { code: 'InvalidSaga', field },
  );
}

/** Returns the step that raises the alert of an overdue instance; undefined if no alert is due. */
export function overdueStep(saga: Saga, instance: SagaInstance, nowMs: number): Step | undefined {
  const { status, dueAtMs, revision, beganAt } = instance;
  if (status !== 'waiting' || dueAtMs === undefined || dueAtMs > nowMs) return undefined;
  const effect = { name: OVERDUE, data: { missing: missingFacts(saga, instance), since: beganAt } };
  const next = { ...instance, revision: revision + 1, dueAtMs: undefined, effects: [...instance.effects, OVERDUE] };
  return { outcome: 'overdue', next, effects: [effect] };
}

/** Returns the types of the facts that an instance still waits for. */
export function missingFacts(saga: Saga, { facts }: Pick<SagaInstance, 'facts'>): string[] {
  return saga.needs.map(({ type }) => type).filter((type) => !Object.hasOwn(facts, type));
}

function begun(saga: Saga, key: string, { nowMs }: SagaClock): SagaInstance {
  const instance: SagaInstance = {
    key,
    revision: 0,
    status: 'waiting',
    facts: {},
    effects: [],
    expiresAtSeconds: undefined,
    beganAt: new Date(nowMs).toISOString(),
    dueAtMs: undefined,
  };
  return { ...instance, dueAtMs: dueAt(saga, instance) };
}

/**
 * Returns the new effects of a late cancellation. A second cancellation, by a fact of another type, returns the same
 * effects again.
 */
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
    throw new Error(
      `effects: too many for instance ${instance.key}: ${effects.length}. Allowed: at most ${MAX_EFFECTS} at once.`,
    );
  }
  const names = effects.map(({ name }) => name);
  for (const { name, data } of effects) assertEffect({ type: name, id: instance.key }, data);
  const all = [...instance.effects, ...names];
  const twice = all.find((name, index) => (name === OVERDUE && names.includes(name)) || all.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(
      `effects: instance ${instance.key} can't record ${twice}. ` +
        `Allowed: each name once in an instance, and never ${OVERDUE}, which is reserved for deadlines.`,
    );
  }
  const expiresAtSeconds = Math.ceil(nowMs / 1000) + keepSeconds;
  return { outcome, next: { ...instance, status, effects: all, dueAtMs: undefined, expiresAtSeconds }, effects };
}

function assertEffect(effect: EntityRef, data: unknown): void {
  assertEntityType(effect.type);
  assertPlainState(effect, data);
}
