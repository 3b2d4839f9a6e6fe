import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { type Boundary, defineBoundary, defineSaga, fact, type State, type StateOf } from '../../package/index.ts';
import { type Employee, hrOfArktype, type hrOfValibot, hrOfZod, type hrOfZodMini } from './contracts.ts';

const FILE = import.meta.url;

describe('the type of a contract', () => {
  test('a contract has the type of its state, whichever library describes it', () => {
    expectTypeOf<StateOf<typeof hrOfZod.owns.Employee>>().toEqualTypeOf<Employee>();
    expectTypeOf<StateOf<typeof hrOfZodMini.owns.Employee>>().toEqualTypeOf<Employee>();
    expectTypeOf<StateOf<typeof hrOfValibot.owns.Employee>>().toEqualTypeOf<Employee>();
    expectTypeOf<StateOf<typeof hrOfArktype.owns.Employee>>().toEqualTypeOf<Employee>();
  });

  test('an optional field compiles, whether or not it may be undefined', () => {
    const optional = defineBoundary(FILE, {
      name: 'hr',
      owns: {
        OfZod: { schema: z.strictObject({ floor: z.optional(z.number()), room: z.exactOptional(z.string()) }) },
        OfValibot: { schema: v.strictObject({ floor: v.optional(v.number()), room: v.exactOptional(v.string()) }) },
        OfArktype: { schema: type({ 'floor?': 'number | undefined', 'room?': 'string' }) },
        Nested: { schema: z.strictObject({ seat: z.strictObject({ floor: z.optional(z.number()) }) }) },
      },
    });
    expectTypeOf<StateOf<typeof optional.owns.OfZod>>().toEqualTypeOf<{ floor?: number | undefined; room?: string }>();
    expectTypeOf<StateOf<typeof optional.owns.OfValibot>>().toEqualTypeOf<{
      floor?: number | undefined;
      room?: string;
    }>();
    expectTypeOf<StateOf<typeof optional.owns.OfArktype>>().toEqualTypeOf<{
      floor?: number | undefined;
      room?: string;
    }>();
  });

  test('a schema whose output is not JSON does not compile', () => {
    // @ts-expect-error: JSON has no dates
    defineBoundary(FILE, { name: 'hr', owns: { Employee: { schema: z.strictObject({ born: z.date() }) } } });
    // @ts-expect-error: JSON has no big integers
    defineBoundary(FILE, { name: 'hr', owns: { Employee: { schema: v.strictObject({ salary: v.bigint() }) } } });
    // @ts-expect-error: JSON has no dates
    defineBoundary(FILE, { name: 'hr', owns: { Employee: { schema: type({ born: 'Date' }) } } });
    // @ts-expect-error: a list has no undefined items
    defineBoundary(FILE, { name: 'hr', owns: { Employee: { schema: z.strictObject({ a: z.array(z.undefined()) }) } } });
    // @ts-expect-error: a state is an object
    defineBoundary(FILE, { name: 'hr', owns: { Employee: { schema: z.string() } } });
  });

  test('a schema that is written by hand needs no declared types', () => {
    const schema = {
      '~standard': { version: 1, vendor: 'hand', validate: (value: unknown) => ({ value: value as Employee & State }) },
    } as const;
    const hand = defineBoundary(FILE, { name: 'hr', owns: { Employee: { schema } } });
    expectTypeOf<StateOf<typeof hand.owns.Employee>>().toEqualTypeOf<Employee & State>();
    const typed: StandardSchemaV1<unknown, { name: string }> = schema;
    const declared = defineBoundary(FILE, { name: 'hr', owns: { Employee: { schema: typed } } });
    expectTypeOf<StateOf<typeof declared.owns.Employee>>().toEqualTypeOf<{ name: string }>();
  });

  test('the parameter of an upcast is inferred', () => {
    const hr = defineBoundary(FILE, {
      name: 'hr',
      owns: {
        Employee: {
          schema: z.strictObject({ name: z.string(), floor: z.number() }),
          schemaVersion: 3,
          upcasts: {
            1: ({ fullName, ...state }) => ({ ...state, name: fullName }),
            2: (state) => {
              expectTypeOf(state).toEqualTypeOf<State>();
              return { ...state, floor: 0 };
            },
          },
        },
      },
    });
    const [one, two] = [hr.owns.Employee.upcasts[1], hr.owns.Employee.upcasts[2]];
    expect(two?.(one?.({ fullName: 'Ada' }) ?? {})).toEqual({ name: 'Ada', floor: 0 });
  });

  test('every boundary is a boundary whose types are known at run time only', () => {
    expectTypeOf(hrOfZod).toExtend<Boundary>();
    expectTypeOf(hrOfArktype).toExtend<Boundary>();
  });
});

describe('the types of a saga', () => {
  const sales = defineBoundary(FILE, {
    name: 'sales',
    publishes: {
      OrderPlaced: fact({ ids: ['orderId', 'cartId'], about: 'orderId' }),
      OrderBilled: fact({ ids: ['orderId', 'paymentId'], about: 'orderId' }),
      OrderCancelled: fact({ ids: ['orderId'], about: 'orderId' }),
    },
  });
  const { OrderPlaced: placed, OrderBilled: billed, OrderCancelled: cancelled } = sales.publishes;

  test('the parameters of key, decide and cancelledLate are inferred from the facts', () => {
    const saga = defineSaga(FILE, {
      name: 'shipping',
      needs: [placed, billed],
      cancelledBy: [cancelled],
      key: ({ data }) => {
        expectTypeOf(data.orderId).toEqualTypeOf<string>();
        return data.orderId;
      },
      decide: ({ OrderPlaced, OrderBilled }) => {
        expectTypeOf(OrderPlaced.data).toEqualTypeOf<Readonly<Record<'orderId' | 'cartId', string>>>();
        expectTypeOf(OrderBilled.type).toEqualTypeOf<'OrderBilled'>();
        return [{ name: 'Ship', data: { orderId: OrderPlaced.data.orderId, paymentId: OrderBilled.data.paymentId } }];
      },
      cancelledLate: ({ OrderPlaced, OrderCancelled }) => {
        expectTypeOf(OrderCancelled?.data.orderId).toEqualTypeOf<string | undefined>();
        return [{ name: 'Recall', data: { orderId: OrderPlaced.data.orderId } }];
      },
    });
    expect(saga.name).toBe('shipping');
  });

  test('a fact or an id that the saga does not need does not compile', () => {
    defineSaga(FILE, {
      name: 'shipping',
      needs: [placed],
      // @ts-expect-error: the saga doesn't need the fact
      decide: ({ OrderBilled }) => [{ name: 'Ship', data: { orderId: OrderBilled.data.orderId } }],
    });
    defineSaga(FILE, {
      name: 'shipping',
      needs: [placed],
      // @ts-expect-error: the fact has no such id
      decide: ({ OrderPlaced }) => [{ name: 'Ship', data: { paymentId: OrderPlaced.data.paymentId } }],
    });
  });
});
