import type { SagaEffect } from 'freshet-aws/internal/adapters/saga/items';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import type { FactContract } from 'freshet-aws/internal/core/facts/fact';
import { newFact } from 'freshet-aws/internal/core/facts/new-fact';
import { raiseOverdue } from 'freshet-aws/internal/core/saga/deadlines';
import type { Saga } from 'freshet-aws/internal/core/saga/define';
import { type DueInstances, handleFact, type SagaResult, type SagaStore } from 'freshet-aws/internal/core/saga/handle';
import type { SagaInstance } from 'freshet-aws/internal/core/saga/step';

/** How a fact arrives at a saga. */
export interface Arrival {
  /** When the fact happened and arrived. Default: 2026-01-01T00:00:00.000Z. */
  readonly at?: Date;
  /** Distinguishes facts of the same type about the same thing, see `FactOptions.key`. Default: none. */
  readonly key?: string;
}

/** A saga in memory, see `inMemorySaga`. */
export interface InMemorySaga {
  /**
   * Hands a fact to the saga, as its queue does. Facts may arrive in any order and more than once.
   *
   * @param contract the fact's contract, such as `ordering.publishes.OrderPlaced`
   * @param ids the ids that the fact carries
   * @returns what the fact did, such as `waiting` or `decided`, and the names of the effects that were recorded
   * @throws FreshetError `UnknownFact` if the saga doesn't handle the fact | `InvalidFact` | `InvalidSaga` |
   *   `InvalidState`; errors of the saga's own functions pass through
   */
  receive<Id extends string>(
    contract: FactContract<string, Id>,
    ids: Readonly<Record<Id, string>>,
    arrival?: Arrival,
  ): Promise<SagaResult>;
  /**
   * Raises an alert for each instance whose deadline has passed at the time `at`, as the saga's function for deadlines
   * does. An alert is the effect `OVERDUE`. Returns the raised alerts. If an instance fails, throws its error.
   */
  passDeadlines(at: Date): Promise<readonly SagaResult[]>;
  /** Returns the instance of a key; undefined if none of its facts has arrived. */
  instance(key: string): SagaInstance | undefined;
  /** The recorded effects in order, as the functions that carry them out receive them. */
  readonly effects: readonly SagaEffect[];
}

const ARRIVED_AT = new Date('2026-01-01T00:00:00.000Z');

/**
 * Creates a saga in memory, for unit tests of its decisions. It needs no cloud. It handles facts as a deployed saga
 * does, and never forgets an instance.
 *
 * @param saga the saga, made by `defineSaga`
 */
export function inMemorySaga(saga: Saga): InMemorySaga {
  let nowMs = 0;
  const { store, instances, effects } = createStore(saga.name, () => nowMs);
  return {
    effects,
    instance: (key) => instances.get(key),
    async receive(contract, ids, { at = ARRIVED_AT, key } = {}) {
      assertHandled(saga, contract);
      nowMs = at.getTime();
      return handleFact(saga, store, newFact(contract, ids, { key, nowMs }), { nowMs, keepSeconds: 0 });
    },
    async passDeadlines(at) {
      nowMs = at.getTime();
      const { raised, failures } = await raiseOverdue(saga, store, nowMs);
      if (failures.length > 0) throw failures[0];
      return raised;
    },
  };
}

/** Throws for a fact that the saga doesn't handle. A deployed saga parks such a fact instead. */
function assertHandled({ name, needs, cancelledBy }: Saga, { type, owner }: FactContract): void {
  const handled = [...needs, ...cancelledBy];
  if (handled.some((one) => one.type === type && one.owner === owner)) return;
  const known = handled.map((one) => `${one.type} of ${one.owner}`).join(', ');
  throw new FreshetError(`type: saga ${name} doesn't handle ${type} of ${owner}. It handles: ${known}.`, {
    code: 'UnknownFact',
    field: 'type',
  });
}

/** Creates a store of instances and effects that enforces the same conditions as a saga's table. */
export function createStore(saga: string, now: () => number) {
  const instances = new Map<string, SagaInstance>();
  const effects: SagaEffect[] = [];
  const store: SagaStore & DueInstances = {
    read: async (key) => instances.get(key),
    async commit(instance, added) {
      const { key, revision } = instance;
      if ((instances.get(key)?.revision ?? 0) !== revision - 1) return { kind: 'overtaken' };
      const names = added.map(({ name }) => name).filter((name) => effects.some((one) => isOf(one, key, name)));
      if (names.length > 0) return { kind: 'recorded', names };
      instances.set(key, instance);
      const recordedAt = new Date(now()).toISOString();
      for (const { name, data } of added) {
        effects.push({ saga, key, name, data, recordedAt, idempotencyKey: `${saga}/${key}/${name}` });
      }
      return { kind: 'committed' };
    },
    async due(nowMs, limit) {
      const waiting = [...instances.values()].filter(({ dueAtMs = Number.POSITIVE_INFINITY }) => dueAtMs <= nowMs);
      return waiting.slice(0, limit).map(({ key }) => key);
    },
  };
  return { store, instances, effects };
}

function isOf(effect: SagaEffect, key: string, name: string): boolean {
  return effect.key === key && effect.name === name;
}
