import { assertEntityId } from '../entity.ts';
import type { Fact } from '../facts/fact.ts';
import type { Effect, Saga } from './define.ts';
import { overdueStep, type SagaClock, type SagaInstance, type SagaOutcome, type Step, sagaStep } from './step.ts';

/** What the store said of a commit. */
export type SagaCommit =
  | { readonly kind: 'committed' }
  /** Another write came between reading and this. */
  | { readonly kind: 'overtaken' }
  /** Effects of these names were recorded before, by an instance that was forgotten since. */
  | { readonly kind: 'recorded'; readonly names: readonly string[] };

/** Where a saga's instances and effects lie. Each call throws only when infrastructure fails. */
export interface SagaStore {
  /** What is stored under a key, read consistently; undefined for nothing. */
  read(key: string): Promise<SagaInstance | undefined>;
  /**
   * Stores an instance and records its effects, all or nothing: only if the revision before this one is stored (nothing, for the first
   * one), and none of the effects was recorded before.
   */
  commit(instance: SagaInstance, effects: readonly Effect[]): Promise<SagaCommit>;
}

/** Finds what waits too long. */
export interface DueInstances {
  /** Keys of instances whose `dueAtMs` has passed, of each part of the table alike, the oldest first. */
  due(nowMs: number, limit: number): Promise<readonly string[]>;
}

/** What a saga did. */
export interface SagaResult {
  readonly key: string;
  readonly outcome: SagaOutcome;
  /** Names of the effects that were recorded with it. */
  readonly effects: readonly string[];
}

/** How often a commit that is overtaken is decided anew; facts about one thing share a message group, so others are rare. */
const MAX_ATTEMPTS = 8;

/** Takes a fact in: reads, decides, commits, and decides anew when it was overtaken. Throws when it stays so, or infrastructure fails. */
export async function handleFact(saga: Saga, store: SagaStore, fact: Fact, clock: SagaClock): Promise<SagaResult> {
  const key = saga.key(fact);
  assertEntityId(key);
  const result = await committed(store, key, (instance) => sagaStep(saga, instance, fact, clock));
  // A fact always has an outcome.
  if (result === undefined) throw new Error(`no step for fact ${fact.id}`);
  return result;
}

/** Raises the alert of an instance that waits beyond its deadline; undefined where it doesn't any more, or another one was faster. */
export function handleDeadline(
  saga: Saga,
  store: SagaStore,
  key: string,
  nowMs: number,
): Promise<SagaResult | undefined> {
  return committed(store, key, (instance) => instance && overdueStep(saga, instance, nowMs));
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
  throw new Error(`instance ${key}: overtaken ${MAX_ATTEMPTS} times in a row`);
}

/** The effects that were recorded, undefined if another write came first. */
async function commit(store: SagaStore, { next, effects }: Step): Promise<readonly Effect[] | undefined> {
  if (next === undefined) return [];
  const result = await store.commit(next, effects);
  if (result.kind === 'committed') return effects;
  if (result.kind === 'overtaken') return undefined;
  const left = effects.filter(({ name }) => !result.names.includes(name));
  return left.length < effects.length ? commit(store, { outcome: 'decided', next, effects: left }) : undefined;
}
