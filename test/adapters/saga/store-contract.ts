import { beforeEach, describe, expect, test } from 'vitest';
import { type DueInstances, handleDeadline, handleFact, type SagaStore } from '../../../core/saga/handle.ts';
import type { ReviewedInstances } from '../../../core/saga/review.ts';
import type { SagaInstance } from '../../../core/saga/step.ts';
import { HOUR_SECONDS, happened, OCCURRED_AT, shipping } from '../../support/sagas.ts';

const NOW_MS = Date.parse('2026-11-23T12:00:00Z');
const clock = { nowMs: NOW_MS, keepSeconds: 100 };

/** A store, with a function that reads its effects. */
export interface OpenedStore {
  readonly store: SagaStore & DueInstances;
  /** Names of the effects recorded for a key, sorted. */
  effectNames(key: string): Promise<readonly string[]>;
}

/** A store whose instances can be reviewed. */
export interface OpenedReviews {
  readonly store: SagaStore & ReviewedInstances;
}

/** Number of instances so far; tests may share a store. */
let keys = 0;

const newKey = (): string => {
  keys += 1;
  return `é/${keys}`;
};

const waitingInstance = (key: string): SagaInstance => ({
  key,
  revision: 1,
  status: 'waiting',
  beganAt: OCCURRED_AT,
  dueAtMs: NOW_MS,
  effects: [],
  facts: { OrderPlaced: happened('OrderPlaced', key) },
  expiresAtSeconds: undefined,
});

/** The tests that every saga store must pass. */
export function sagaStoreContract(open: () => Promise<OpenedStore>): void {
  let store: OpenedStore['store'];
  let effectNames: OpenedStore['effectNames'];
  let key: string;
  let waiting: SagaInstance;

  beforeEach(async () => {
    ({ store, effectNames } = await open());
    key = newKey();
    waiting = waitingInstance(key);
  });

  describe('a saga store', () => {
    test('a saga store returns a committed instance, and no instance for another key', async () => {
      expect(await store.commit(waiting, [])).toEqual({ kind: 'committed' });
      expect(await store.read(key)).toEqual(waiting);
      expect(await store.read(`${key}0`)).toBeUndefined();
    });

    test('a saga store accepts only the next revision of an instance', async () => {
      await store.commit(waiting, []);
      for (const revision of [1, 3]) {
        expect(await store.commit({ ...waiting, revision }, [])).toEqual({ kind: 'overtaken' });
      }
      expect(await store.commit({ ...waiting, revision: 2 }, [])).toEqual({ kind: 'committed' });
      expect(await store.read(key)).toMatchObject({ revision: 2 });
    });

    test('a saga store accepts only the first revision of a new instance', async () => {
      expect(await store.commit({ ...waiting, revision: 2 }, [])).toEqual({ kind: 'overtaken' });
      expect(await store.read(key)).toBeUndefined();
    });

    test('a saga store stores an instance and its effects together or not at all', async () => {
      const label = { name: 'Label', data: { n: 1 } };
      await store.commit(waiting, []);
      expect(await store.commit({ ...waiting, revision: 3 }, [label])).toEqual({ kind: 'overtaken' });
      expect(await effectNames(key)).toEqual([]);
      expect(await store.commit({ ...waiting, revision: 2 }, [label])).toEqual({ kind: 'committed' });
      expect(await effectNames(key)).toEqual(['Label']);
      const second = [{ name: 'Note', data: {} }, label];
      expect(await store.commit({ ...waiting, revision: 3 }, second)).toEqual({ kind: 'recorded', names: ['Label'] });
      expect(await effectNames(key)).toEqual(['Label']);
      expect(await store.read(key)).toMatchObject({ revision: 2 });
    });

    test('a saga store accepts one of several concurrent commits of the same revision', async () => {
      const all = await Promise.all(
        Array.from({ length: 6 }, (_, n) => store.commit(waiting, [{ name: `Label${n}`, data: {} }])),
      );
      expect(all.filter(({ kind }) => kind === 'committed')).toHaveLength(1);
      expect(await effectNames(key)).toHaveLength(1);
    });

    test('a saga store finds an instance from its due time until it is decided', async () => {
      await store.commit(waiting, []);
      expect(await store.due(NOW_MS - 1, 100)).not.toContain(key);
      expect(await store.due(NOW_MS, 100)).toContain(key);
      await store.commit({ ...waiting, revision: 2, status: 'decided', dueAtMs: undefined }, []);
      expect(await store.due(NOW_MS, 100)).not.toContain(key);
    });

    test('a saga store finds at most the given number of due instances', async () => {
      for (const n of [1, 2, 3]) await store.commit({ ...waiting, key: `${key}-${n}` }, []);
      expect((await store.due(NOW_MS, 2)).length).toBe(2);
    });

    test('concurrent and repeated facts of one instance record one label', async () => {
      const all = ['OrderPlaced', 'OrderBilled', 'OrderPlaced', 'OrderBilled'].map((type) => happened(type, key));
      const results = await Promise.all(all.map((fact) => handleFact(shipping, store, fact, clock)));
      expect(results.filter(({ outcome }) => outcome === 'decided')).toHaveLength(1);
      expect(await effectNames(key)).toEqual(['CreateShippingLabel']);
    });

    test('one of several concurrent deadlines raises the alert', async () => {
      await handleFact(shipping, store, happened('OrderPlaced', key), clock);
      const late = NOW_MS + 48 * HOUR_SECONDS * 1000;
      const raised = await Promise.all([1, 2, 3].map(() => handleDeadline(shipping, store, key, late)));
      expect(raised.filter((result) => result !== undefined)).toHaveLength(1);
      expect(await effectNames(key)).toEqual(['Overdue']);
    });
  });
}

/** The tests that every store must pass whose instances are reviewed after a change of the saga. */
export function reviewedInstancesContract(open: () => Promise<OpenedReviews>): void {
  describe('the instances to review', () => {
    let store: OpenedReviews['store'];

    beforeEach(async () => {
      ({ store } = await open());
    });

    test('a saga store returns the last progress of a review', async () => {
      const review = { definition: 'd', seenAtMs: 1, beganAtMs: 2, cursor: 'c', hasFailed: true, isDone: false };
      await store.noteReview(review);
      await store.noteReview({ ...review, cursor: undefined, isDone: true });
      expect(await store.review()).toEqual({ ...review, cursor: undefined, isDone: true });
    });

    test('the pages of a saga store have each instance once, and no effects', async () => {
      const key = newKey();
      const many = Array.from({ length: 5 }, (_, n) => `${key}#${n}`);
      for (const one of many) await store.commit(waitingInstance(one), [{ name: 'Label', data: {} }]);
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.page(cursor);
        found.push(...page.items.map((one) => one.key));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(found.filter((one) => one.startsWith(`${key}#`)).sort()).toEqual(many);
      expect(new Set(found).size).toBe(found.length);
    });
  });
}
