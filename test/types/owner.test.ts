import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import {
  type AnswerSource,
  type Boundary,
  createAnswerHandler,
  createOwner,
  createStatePublisher,
  defineBoundary,
  dynamoDbClient,
  FreshetError,
  type Owner,
  type State,
} from '../../package/index.ts';
import { type Employee, hrOfArktype, hrOfValibot, hrOfZod, hrOfZodMini } from './contracts.ts';

// Every call below is refused before it reaches the table.
const table = { tableName: 'unused', client: dynamoDbClient({ endpoint: 'http://127.0.0.1:1' }) };

const OWNERS = {
  zod: createOwner({ boundary: hrOfZod, ...table }),
  'zod/mini': createOwner({ boundary: hrOfZodMini, ...table }),
  valibot: createOwner({ boundary: hrOfValibot, ...table }),
  arktype: createOwner({ boundary: hrOfArktype, ...table }),
};

type Found<O extends Owner> = NonNullable<Awaited<ReturnType<O['get']>>>;

describe('a typed owner', () => {
  test.each(
    Object.entries(OWNERS),
  )('an owner of a contract of %s takes states that fit the schema', async (_, owner) => {
    // @ts-expect-error: a misspelt field
    await expect(owner.put('Employee', 'e1', { nam: 'Ada' })).rejects.toMatchObject({ code: 'InvalidState' });
    const wrong = { name: 'Ada', department: 'suport', tags: [] };
    // @ts-expect-error: no such department
    await expect(owner.put('Employee', 'e1', wrong)).rejects.toMatchObject({ code: 'InvalidState' });
    const body: unknown = wrong;
    await expect(owner.put('Employee', 'e1', body)).rejects.toMatchObject({ code: 'InvalidState' });
    // @ts-expect-error: a misspelt type
    await expect(owner.put('Employeee', 'e1', body)).rejects.toMatchObject({ code: 'UnknownEntityType' });
    // @ts-expect-error: a misspelt type
    await expect(owner.get('Employeee', 'e1')).rejects.toMatchObject({ code: 'UnknownEntityType' });
    // @ts-expect-error: a misspelt type
    await expect(owner.delete('Employeee', 'e1')).rejects.toMatchObject({ code: 'UnknownEntityType' });
    const put = () => owner.put('Employee', '', { name: 'Ada', department: 'sales', tags: [] });
    await expect(put()).rejects.toMatchObject({ code: 'InvalidEntityId' });
  });

  test('an owner returns the state with the type of the schema', () => {
    const get = () => OWNERS.zod.get('Employee', 'e1');
    expectTypeOf<NonNullable<Awaited<ReturnType<typeof get>>>['state']>().toEqualTypeOf<Employee | undefined>();
    const listed = () => OWNERS.arktype.listAll('Employee');
    type Listed = ReturnType<typeof listed> extends AsyncIterable<infer Item> ? Item : never;
    expectTypeOf<Listed['state']>().toEqualTypeOf<Employee | undefined>();
  });

  test('an owner of a boundary that is known at run time only takes any type and any state', () => {
    const boundary: Boundary = hrOfZod;
    const owner = createOwner({ boundary, ...table });
    expectTypeOf(owner).toEqualTypeOf<Owner>();
    expectTypeOf<Parameters<typeof owner.put>[0]>().toEqualTypeOf<string>();
    expectTypeOf<Found<typeof owner>['state']>().toEqualTypeOf<State | undefined>();
    expectTypeOf(OWNERS.zod).toExtend<Owner>();
  });

  test('a state to put has the type that the schema accepts, and a state that is read has the type of its output', () => {
    const rates = defineBoundary(import.meta.url, {
      name: 'rates',
      owns: { Rate: { schema: z.strictObject({ percent: z.number(), currency: z.string().default('EUR') }) } },
    });
    const owner = createOwner({ boundary: rates, ...table });
    const put = () => owner.put('Rate', 'r1', { percent: 3 });
    expectTypeOf(put).toBeFunction();
    expectTypeOf<Found<typeof owner>['state']>().toEqualTypeOf<{ percent: number; currency: string } | undefined>();
  });

  test('a source of answers is asked for the types that the boundary owns, and may return rows of any type', async () => {
    interface Row {
      readonly id: string;
      readonly version: number;
      readonly changedAt: string;
      readonly state: Employee | undefined;
    }
    const rows: readonly Row[] = [];
    const handler = createAnswerHandler({
      boundary: hrOfZod,
      send: async () => [],
      source: {
        async get(type, id) {
          expectTypeOf(type).toEqualTypeOf<'Employee'>();
          return rows.find((row) => row.id === id);
        },
        async list(type, { afterId, limit }) {
          expectTypeOf(type).toEqualTypeOf<'Employee'>();
          return rows.filter(({ id }) => afterId === undefined || id > afterId).slice(0, limit);
        },
      },
    });
    expect(await handler({ Records: [] })).toEqual({ batchItemFailures: [] });
    const noState = { version: 1, changedAt: '' };
    // @ts-expect-error: a version without the key `state` isn't a deletion
    const wrong: AnswerSource['get'] = async () => noState;
    expectTypeOf(wrong).toBeFunction();
    expectTypeOf<AnswerSource<(typeof hrOfZod)['owns']>>().toExtend<AnswerSource>();
  });

  test('a publisher of states takes states that fit the schema', async () => {
    const publisher = createStatePublisher({ boundary: hrOfZod, send: async () => [] });
    // @ts-expect-error: a misspelt field
    await expect(publisher.publish('Employee', 'e1', 1, { nam: 'Ada' })).rejects.toThrow(FreshetError);
    // @ts-expect-error: a misspelt type
    await expect(publisher.publishDeletion('Employeee', 'e1', 1)).rejects.toThrow(FreshetError);
  });
});
