import { assertEntityId } from '../entity.ts';
import type { Fact } from '../facts/fact.ts';
import type { Effect, Saga } from './define.ts';
import {
  keyOf,
  overdueStep,
  reviewStep,
  type SagaClock,
  type SagaInstance,
  type SagaOutcome,
  type Step,
  sagaStep,
} from './step.ts';

/** The store's response to a commit. */
export type SagaCommit =
  | { readonly kind: 'committed' }
  /** Another write changed the instance between the read and this commit. */
  | { readonly kind: 'overtaken' }
  /** Effects with these names were recorded earlier, by an instance that has been deleted since. */
  | { readonly kind: 'recorded'; readonly names: readonly string[] };

/** Stores a saga's instances and effects. A call throws only if infrastructure fails. */
export interface SagaStore {
  /** Returns the instance of a key, read consistently; undefined if there is none. */
  read(key: string): Promise<SagaInstance | undefined>;
  /**
   * Stores an instance and records its effects in one transaction. Succeeds only if the previous revision is stored
   * (for the first revision, none) and none of the effects was recorded before.
   */
  commit(instance: SagaInstance, effects: readonly Effect[]): Promise<SagaCommit>;
}

/** Finds the instances that are overdue. */
export interface DueInstances {
  /** Returns keys of instances whose `dueAtMs` has passed, taken evenly from all partitions, the oldest first. */
  due(nowMs: number, limit: number): Promise<readonly string[]>;
}

/** The result of handling a fact or a deadline. */
export interface SagaResult {
  readonly key: string;
  readonly outcome: SagaOutcome;
  /** Names of the effects that were recorded. */
  readonly effects: readonly string[];
}

/**
 * Maximum number of attempts to commit. Facts with the same key share a message group, so an overtaken commit is rare.
 */
const MAX_ATTEMPTS = 8;

/**
 * Handles a fact: reads the instance, decides and commits, and repeats that if another write overtook the commit.
 * Throws if all attempts are overtaken or infrastructure fails.
 */
export async function handleFact(saga: Saga, store: SagaStore, fact: Fact, clock: SagaClock): Promise<SagaResult> {
  const key = keyOf(saga, fact);
  assertEntityId(key);
  const result = await committed(store, key, (instance) => sagaStep(saga, instance, fact, clock));
  // `sagaStep` returns a step for every fact.
  if (result === undefined) throw new Error(`no step for fact ${fact.id}`);
  return result;
}

/**
 * Raises the alert of an overdue instance. Returns undefined if it isn't overdue, or another call has raised the alert.
 */
export function handleDeadline(
  saga: Saga,
  store: SagaStore,
  key: string,
  nowMs: number,
): Promise<SagaResult | undefined> {
  return committed(store, key, (instance) => instance && overdueStep(saga, instance, nowMs));
}

/**
 * Looks at a waiting instance by the saga's current definition, see `reviewStep`. Returns undefined if nothing changed.
 */
export function handleReview(
  saga: Saga,
  store: SagaStore,
  key: string,
  clock: SagaClock,
): Promise<SagaResult | undefined> {
  return committed(store, key, (instance) => reviewStep(saga, instance, clock));
}

async function committed(
  store: SagaStore,
  key: string,
  step: (instance: SagaInstance | undefined) => Step | undefined,
): Promise<SagaResult | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const next = step(await store.read(key));
    if (next === undefined) return undefined;
    const result = await commit(store, next);
    if (result !== undefined) return { key, outcome: next.outcome, effects: result.map(({ name }) => name) };
  }
  throw new Error(`instance ${key}: other writes overtook the commit ${MAX_ATTEMPTS} times in a row`);
}

/** Returns the recorded effects, or undefined if another write overtook the commit. */
async function commit(store: SagaStore, { next, effects }: Step): Promise<readonly Effect[] | undefined> {
  if (next === undefined) return [];
  const result = await store.commit(next, effects);
  if (result.kind === 'committed') return effects;
  if (result.kind === 'overtaken') return undefined;
  const left = effects.filter(({ name }) => !result.names.includes(name));
  return left.length < effects.length ? commit(store, { outcome: 'decided', next, effects: left }) : undefined;
}
