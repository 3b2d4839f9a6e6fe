import { defineBoundary } from '../../core/contract/define-boundary.ts';
import { type Fact, type FactContract, fact, factEventId } from '../../core/facts/fact.ts';
import { defineSaga, type Effect } from '../../core/saga/define.ts';
import type { SagaCommit, SagaStore } from '../../core/saga/handle.ts';
import type { Review, ReviewedInstances } from '../../core/saga/review.ts';
import type { SagaInstance } from '../../core/saga/step.ts';

/** The boundary in which orders are placed and cancelled. */
export const sales = defineBoundary('file:///sales.ts', {
  name: 'sales',
  publishes: {
    OrderPlaced: fact({ ids: ['orderId', 'shoppingCartId'], about: 'orderId' }),
    OrderCancelled: fact({ ids: ['orderId'], about: 'orderId' }),
  },
});

/** The boundary in which orders are paid. */
export const billing = defineBoundary('file:///billing.ts', {
  name: 'billing',
  publishes: { OrderBilled: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }) },
});

export const HOUR_SECONDS = 3_600;

/** Creates one label for an order that is placed and billed. Recalls the label if the order is cancelled after that. */
export const shipping = defineSaga('file:///shipping.ts', {
  name: 'shipping',
  needs: [sales.publishes.OrderPlaced, billing.publishes.OrderBilled],
  cancelledBy: [sales.publishes.OrderCancelled],
  cancelledLate: ({ OrderPlaced }) => [{ name: 'RecallLabel', data: { orderId: OrderPlaced.data.orderId } }],
  deadlineSeconds: 48 * HOUR_SECONDS,
  decide: ({ OrderPlaced, OrderBilled }) => [
    {
      name: 'CreateShippingLabel',
      data: { orderId: OrderPlaced.data.orderId, paymentId: OrderBilled.data.paymentId },
    },
  ],
});

export const OCCURRED_AT = '2026-11-23T10:00:00.000Z';

/** The contracts of all facts that the saga handles. */
export const contracts: readonly FactContract[] = [...shipping.needs, ...shipping.cancelledBy];

/** A fact about an order. @param key see `factEventId` */
export function happened(type: string, orderId: string, key?: string): Fact {
  const contract = contracts.find((one) => one.type === type);
  if (contract === undefined) throw new Error(`no fact ${type}`);
  const data = Object.fromEntries(contract.ids.map((id) => [id, id === 'orderId' ? orderId : `${id}-of-${orderId}`]));
  return { type, id: factEventId(type, orderId, key), owner: contract.owner, occurredAt: OCCURRED_AT, data };
}

/** An effect that a commit recorded. */
export interface RecordedEffect extends Effect {
  readonly key: string;
}

/** Faults that a test can plant in a store. */
export interface StoreFaults {
  /** Accepts every commit, even if another revision is stored than the commit expects. */
  readonly unguarded?: boolean;
  /** Records an effect again, even if it is already recorded. */
  readonly effectsUnguarded?: boolean;
  /** Makes a call throw. At `read` and `before`, the commit isn't stored. At `after`, it is stored. */
  readonly fail?: (at: 'read' | 'before' | 'after') => boolean;
}

/** A saga's store in memory. */
export function inMemorySagaStore({ unguarded, effectsUnguarded, fail = () => false }: StoreFaults = {}) {
  const instances = new Map<string, SagaInstance>();
  const effects: RecordedEffect[] = [];
  const failing = (at: Parameters<typeof fail>[0]) => {
    if (fail(at)) throw new Error(`broken: ${at}`);
  };
  const store: SagaStore = {
    async read(key) {
      failing('read');
      return instances.get(key);
    },
    async commit(instance, added): Promise<SagaCommit> {
      failing('before');
      const { key, revision } = instance;
      if (unguarded !== true && (instances.get(key)?.revision ?? 0) !== revision - 1) return { kind: 'overtaken' };
      const names = added.map(({ name }) => name);
      const recorded = names.filter((name) => effects.some((one) => one.key === key && one.name === name));
      if (effectsUnguarded !== true && recorded.length > 0) return { kind: 'recorded', names: recorded };
      instances.set(key, instance);
      effects.push(...added.map((effect) => ({ ...effect, key })));
      failing('after');
      return { kind: 'committed' };
    },
  };
  const due = {
    async due(nowMs: number, limit: number): Promise<readonly string[]> {
      const waiting = [...instances.values()].filter(({ dueAtMs = Number.POSITIVE_INFINITY }) => dueAtMs <= nowMs);
      return waiting.slice(0, limit).map(({ key }) => key);
    },
  };
  const reviews: Review[] = [];
  const reviewed: ReviewedInstances = {
    review: async () => reviews.at(-1),
    noteReview: async (review) => void reviews.push(review),
    async page(cursor) {
      const from = Number(cursor ?? 0);
      const items = [...instances.values()].slice(from, from + 2);
      return { items, cursor: from + 2 < instances.size ? String(from + 2) : undefined };
    },
  };
  return { store: { ...store, ...due, ...reviewed }, instances, effects, reviews };
}
