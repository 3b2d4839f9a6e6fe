import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { inMemoryReader } from '../../local/in-memory-reader.ts';
import {
  type Boundary,
  createReader,
  defineBoundary,
  dynamoDbClient,
  type Json,
  keep,
  type Reader,
  type State,
} from '../../package/index.ts';
import { deskOfArktype, deskOfValibot, deskOfZod, deskOfZodMini, type Employee, hrOfZod } from './contracts.ts';

/** What the cache of a desk keeps of an employee. */
type Kept = Pick<Employee, 'name' | 'department' | 'floor'>;

const ADA = { name: 'Ada', department: 'support', tags: ['secret'] } as const;

const READERS = {
  zod: await inMemoryReader(deskOfZod, [{ type: 'Employee', id: 'e1', state: { ...ADA, tags: [...ADA.tags] } }]),
  'zod/mini': await inMemoryReader(deskOfZodMini, [{ type: 'Employee', id: 'e1', state: { ...ADA, tags: [] } }]),
  valibot: await inMemoryReader(deskOfValibot, [{ type: 'Employee', id: 'e1', state: { ...ADA, tags: [] } }]),
  arktype: await inMemoryReader(deskOfArktype, [{ type: 'Employee', id: 'e1', state: { ...ADA, tags: [] } }]),
};

const table = { tableName: 'unused', client: dynamoDbClient({ endpoint: 'http://127.0.0.1:1' }) };

describe('a typed reader', () => {
  test.each(
    Object.entries(READERS),
  )('a value read from a contract of %s has the kept fields and their types', async (_, reader) => {
    const found = await reader.get('Employee', 'e1');
    if (found.status !== 'found') throw new Error('not found');
    expectTypeOf(found.value).toEqualTypeOf<Kept>();
    expectTypeOf(found.value.department).toEqualTypeOf<'sales' | 'support'>();
    // @ts-expect-error: the cache doesn't keep the field
    expect(found.value.tags).toBeUndefined();
    expect(found.value).toEqual({ name: 'Ada', department: 'support' });
  });

  test.each(
    Object.entries(READERS),
  )('a list by an index of a contract of %s takes the type of its field', async (_, reader) => {
    const { items } = await reader.listBy('Employee', 'byDepartment', 'support');
    expectTypeOf(items[0]?.value).toEqualTypeOf<Kept | undefined>();
    expect(items).toHaveLength(1);
    // @ts-expect-error: no such department
    expect((await reader.listBy('Employee', 'byDepartment', 'suport')).items).toEqual([]);
    // @ts-expect-error: a text isn't the type of the field
    expect((await reader.listBy('Employee', 'byFloor', 'first')).items).toEqual([]);
    expect((await reader.listBy('Employee', 'byFloor', 1)).items).toEqual([]);
  });

  test('a type or an index that the boundary does not declare does not compile, and is refused', async () => {
    const { zod: reader } = READERS;
    // @ts-expect-error: a misspelt type
    await expect(reader.get('Employeee', 'e1')).rejects.toMatchObject({ code: 'UnknownEntityType' });
    // @ts-expect-error: a misspelt type
    await expect(reader.getMany('Employeee', ['e1'])).rejects.toMatchObject({ code: 'UnknownEntityType' });
    // @ts-expect-error: a misspelt type
    await expect(reader.list('Employeee')).rejects.toMatchObject({ code: 'UnknownEntityType' });
    // @ts-expect-error: a misspelt type
    await expect(reader.count('Employeee')).rejects.toMatchObject({ code: 'UnknownEntityType' });
    // @ts-expect-error: a misspelt type
    await expect(reader.readiness('Employeee')).rejects.toMatchObject({ code: 'UnknownEntityType' });
    // @ts-expect-error: a misspelt index
    await expect(reader.listBy('Employee', 'departmnt', 'support')).rejects.toMatchObject({ code: 'UnknownIndex' });
  });

  test('the reader of a table has the same type as the reader in memory', () => {
    const reader = createReader({ boundary: deskOfZod, ...table });
    expectTypeOf(reader).toEqualTypeOf(READERS.zod);
    expectTypeOf(reader).toEqualTypeOf<Reader<typeof deskOfZod.caches>>();
  });

  test('a reader of a boundary that is known at run time only takes any type and returns states', async () => {
    const boundary: Boundary = deskOfZod;
    const reader = createReader({ boundary, ...table });
    expectTypeOf(reader).toEqualTypeOf<Reader>();
    expectTypeOf<Parameters<typeof reader.get>[0]>().toEqualTypeOf<string>();
    expectTypeOf<Parameters<typeof reader.listBy>[2]>().toEqualTypeOf<Json>();
    const untyped = await inMemoryReader(boundary, [{ type: 'Employee', id: 'e1', state: ADA }]);
    const found = await untyped.get('Employee', 'e1');
    if (found.status !== 'found') throw new Error('not found');
    expectTypeOf(found.value).toEqualTypeOf<State>();
  });

  test('a typed reader is passed to code that takes any reader', () => {
    expectTypeOf(READERS.zod).toExtend<Reader>();
    expectTypeOf(READERS.zod).toExtend<Pick<Reader, 'get' | 'listBy'>>();
  });

  test('a cache without fields keeps the whole type, and a boundary without caches has no type to read', () => {
    const whole = defineBoundary(import.meta.url, { name: 'desk', caches: { Employee: keep(hrOfZod.owns.Employee) } });
    const reader = createReader({ boundary: whole, ...table });
    type Found = Extract<Awaited<ReturnType<typeof reader.get<'Employee'>>>, { status: 'found' }>;
    expectTypeOf<Found['value']>().toEqualTypeOf<Employee>();
    expectTypeOf<Parameters<typeof reader.listBy<'Employee', never>>[1]>().toEqualTypeOf<never>();
    const none = createReader({ boundary: hrOfZod, ...table });
    expectTypeOf<Parameters<typeof none.get>[0]>().toEqualTypeOf<never>();
  });

  test('a value of a union keeps its variants, with the kept fields of each', async () => {
    const places = defineBoundary(import.meta.url, {
      name: 'places',
      owns: {
        Place: {
          schema: z.discriminatedUnion('kind', [
            z.strictObject({ kind: z.literal('office'), city: z.string(), desks: z.int() }),
            z.strictObject({ kind: z.literal('remote'), country: z.string(), desks: z.int() }),
          ]),
        },
      },
    });
    const map = defineBoundary(import.meta.url, {
      name: 'map',
      caches: {
        Place: keep(places.owns.Place, { fields: ['kind', 'city', 'country'], indexes: { byCity: 'city' } }),
      },
    });
    const reader = await inMemoryReader(map, [
      { type: 'Place', id: 'p1', state: { kind: 'office', city: 'Bern', desks: 3 } },
      { type: 'Place', id: 'p2', state: { kind: 'remote', country: 'CH', desks: 1 } },
    ]);
    const { items } = await reader.listBy('Place', 'byCity', 'Bern');
    const [place] = items.map(({ value }) => value);
    expectTypeOf(place).toEqualTypeOf<
      { kind: 'office'; city: string } | { kind: 'remote'; country: string } | undefined
    >();
    expect(place).toEqual({ kind: 'office', city: 'Bern' });
  });
});

describe('a kept type', () => {
  test('fields and indexes that the schema or the cache does not have do not compile', () => {
    const { Employee } = hrOfZod.owns;
    // @ts-expect-error: a misspelt field
    keep(Employee, { fields: ['nam'] });
    // @ts-expect-error: a misspelt field
    keep(Employee, { indexes: { byDepartment: 'departmnt' } });
    // @ts-expect-error: an index can't list by a list
    keep(Employee, { indexes: { byTag: 'tags' } });
    // @ts-expect-error: the cache doesn't keep the field
    expect(() => keep(Employee, { fields: ['name'], indexes: { byDepartment: 'department' } })).toThrow();
  });
});
