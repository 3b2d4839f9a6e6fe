import { defineBoundary } from '../../core/contract.ts';
import { type Fact, type FactContract, fact, factEventId } from '../../core/facts/fact.ts';
import { defineSaga, type Effect } from '../../core/saga/define.ts';
import type { SagaCommit, SagaStore } from '../../core/saga/handle.ts';
import type { SagaInstance } from '../../core/saga/step.ts';

/** Where orders are placed and cancelled. */
export const sales = defineBoundary('file:///sales.ts', {
  name: 'sales',
  publishes: {
    OrderPlaced: fact({ ids: ['orderId', 'shoppingCartId'], about: 'orderId' }),
    OrderCancelled: fact({ ids: ['orderId'], about: 'orderId' }),
  },
});

/** Where they are paid. */
export const billing = defineBoundary('file:///billing.ts', {
  name: 'billing',
  publishes: { OrderBilled: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }) },
});

export const HOUR_SECONDS = 3_600;

/** One label for an order that is placed and billed; a label is recalled when the order is cancelled after that. */
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

/** The contracts of the facts that the saga takes. */
export const contracts: readonly FactContract[] = [...shipping.needs, ...shipping.cancelledBy];

/** A fact of a type about an order. @param key see `factEventId` */
export function happened(type: string, orderId: string, key?: string): Fact {
  const contract = contracts.find((one) => one.type === type);
  if (contract === undefined) throw new Error(`no fact ${type}`);
  const data = Object.fromEntries(contract.ids.map((id) => [id, id === 'orderId' ? orderId : `${id}-of-${orderId}`]));
  return { type, id: factEventId(type, orderId, key), owner: contract.owner, occurredAt: OCCURRED_AT, data };
}

/** What a store was told to record. */
export interface RecordedEffect extends Effect {
  readonly key: string;
}

/** What may be planted in a store. */
export interface StoreFaults {
  /** Takes a commit whatever revision is stored. */
  readonly unguarded?: boolean;
  /** Records an effect however often it was recorded before. */
  readonly effectsUnguarded?: boolean;
  /** Throws on a call: `read` and `before` a commit nothing has happened, `after` it all has. */
  readonly fail?: (at: 'read' | 'before' | 'after') => boolean;
}

/** A saga's store over maps. */
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
  return { store: { ...store, ...due }, instances, effects };
}
