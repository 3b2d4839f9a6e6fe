import type { SQSEvent } from 'aws-lambda';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  defineBoundary,
  defineSaga,
  type Effect,
  type EffectHandlers,
  effectBatch,
  fact,
  type Saga,
} from '../../package/index.ts';

const sales = defineBoundary(import.meta.url, {
  name: 'sales',
  publishes: {
    OrderPlaced: fact({ ids: ['orderId', 'cartId'], about: 'orderId' }),
    OrderCancelled: fact({ ids: ['orderId'], about: 'orderId' }),
  },
});

const shipping = defineSaga(import.meta.url, {
  name: 'shipping',
  needs: [sales.publishes.OrderPlaced],
  cancelledBy: [sales.publishes.OrderCancelled],
  decide({ OrderPlaced }) {
    const { orderId, cartId } = OrderPlaced.data;
    return cartId === ''
      ? [{ name: 'Refuse', data: { orderId, reason: 'empty' } }]
      : [
          { name: 'CreateLabel', data: { orderId, parcels: 2 } },
          { name: 'Notify', data: { orderId } },
        ];
  },
  cancelledLate: ({ OrderPlaced }) => [{ name: 'Recall', data: { cartId: OrderPlaced.data.cartId } }],
});

const NONE: Pick<SQSEvent, 'Records'> = { Records: [] };
const DONE = { batchItemFailures: [] };
const done = async () => undefined;

describe('the effects of a saga', () => {
  test('a handler knows the data of its effect', async () => {
    const handlers: EffectHandlers<typeof shipping> = {
      async CreateLabel({ data, key, idempotencyKey }) {
        expectTypeOf(data.orderId).toEqualTypeOf<string>();
        expectTypeOf(data.parcels).toExtend<number>();
        expectTypeOf([key, idempotencyKey]).toEqualTypeOf<string[]>();
        // @ts-expect-error: the effect has no such data
        expect(data.cartId).toBeUndefined();
      },
      async Refuse({ data, name }) {
        expectTypeOf(name).toEqualTypeOf<'Refuse'>();
        expectTypeOf(data.reason).toExtend<string>();
      },
      async Notify({ data }) {
        expectTypeOf(data.orderId).toEqualTypeOf<string>();
      },
      async Recall({ data }) {
        expectTypeOf(data.cartId).toEqualTypeOf<string>();
      },
    };
    expect(await effectBatch<typeof shipping>(handlers, NONE)).toEqual(DONE);
  });

  test('a misspelt or missing handler does not compile, unless another function carries out the effect', async () => {
    const some = { CreateLabel: done, Refuse: done, Recall: done };
    // @ts-expect-error: Notify has no handler
    expect(await effectBatch<typeof shipping>(some, NONE)).toEqual(DONE);
    // @ts-expect-error: no such effect
    expect(await effectBatch<typeof shipping>({ ...some, Notify: done, Recal: done }, NONE)).toEqual(DONE);
    expect(await effectBatch<typeof shipping, 'Notify'>(some, NONE, { leftToOthers: ['Notify'] })).toEqual(DONE);
    // @ts-expect-error: the effect that is left out of the types must be left to others
    expect(await effectBatch<typeof shipping, 'Notify'>(some, NONE)).toEqual(DONE);
    expect(await effectBatch<typeof shipping>({ ...some, Notify: done, Overdue: done }, NONE)).toEqual(DONE);
  });

  test('without the type of the saga, every name of an effect compiles', async () => {
    expect(await effectBatch({ Anything: async ({ data }) => void data.any }, NONE)).toEqual(DONE);
  });

  test('a typed saga is a saga, and a decision with computed names is one of unknown effects', async () => {
    expectTypeOf(shipping).toExtend<Saga>();
    const names: string[] = ['A'];
    const open = defineSaga(import.meta.url, {
      name: 'open',
      needs: [sales.publishes.OrderPlaced],
      decide: (): Effect[] => names.map((name) => ({ name, data: {} })),
    });
    expect(await effectBatch<typeof open>({ A: async ({ data }) => void data.any }, NONE)).toEqual(DONE);
    expect(open.decide({})).toEqual([{ name: 'A', data: {} }]);
  });
});
