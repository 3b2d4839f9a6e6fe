import { describe, expect, test } from 'vitest';
import {
  cachedType,
  checkedState,
  defineBoundary,
  indexNames,
  keep,
  ownedContract,
  validateState,
} from '../../core/contract.ts';
import type { State } from '../../core/state.ts';
import { catalogue, productSchema, schemaOf, shop } from '../support/boundaries.ts';
import { product } from '../support/events.ts';

const Product = { schema: productSchema };

describe('a boundary', () => {
  test('names and attributes what it owns', () => {
    expect(ownedContract(catalogue, 'Product')).toEqual({
      type: 'Product',
      owner: 'catalogue',
      schema: productSchema,
      schemaVersion: 2,
      upcasts: {},
      deltas: false,
      classification: 'reference',
      fields: {},
    });
    expect(ownedContract(catalogue, 'Label').schemaVersion).toBe(1);
  });

  test('may own and cache nothing', () => {
    expect(defineBoundary('file:///idle.ts', { name: 'idle' })).toEqual({
      name: 'idle',
      module: 'file:///idle.ts',
      owns: {},
      caches: {},
      publishes: {},
      epoch: 0,
    });
  });

  test.each(['', 'Catalogue', '1st', 'a_b', 'a/b', '-a', 'a'.repeat(31)])('may not be named %j', (name) => {
    expect(() => defineBoundary('file:///x.ts', { name })).toThrowError(
      expect.objectContaining({ code: 'InvalidContract', field: 'name' }),
    );
  });

  test('may not own a type whose name is none', () => {
    expect(() => defineBoundary('file:///x.ts', { name: 'x', owns: { 'Two Words': Product } })).toThrowError(
      expect.objectContaining({ code: 'InvalidEntityType' }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 31])('may not give a schema version of %s', (schemaVersion) => {
    expect(() =>
      defineBoundary('file:///x.ts', { name: 'x', owns: { Product: { ...Product, schemaVersion } } }),
    ).toThrowError(expect.objectContaining({ code: 'InvalidContract', field: 'owns.Product.schemaVersion' }));
  });

  test('may not cache a type under another name', () => {
    const caches = { Article: keep(catalogue.owns.Product) };
    expect(() => defineBoundary('file:///x.ts', { name: 'x', caches })).toThrowError(/name it Product/);
  });

  test('may not cache what it owns', () => {
    const caches = { Product: keep(catalogue.owns.Product) };
    expect(() => defineBoundary('file:///x.ts', { name: 'catalogue', caches })).toThrowError(/remove the cache/);
  });
});

describe('what a cache keeps', () => {
  test('is the whole state when nothing is said', () => {
    expect(keep(catalogue.owns.Product)).toEqual({
      contract: catalogue.owns.Product,
      fields: undefined,
      fieldsRevision: 1,
      indexes: {},
      onPoison: 'park',
    });
  });

  test('may not be listed by a field that is not kept', () => {
    expect(() => keep(catalogue.owns.Product, { fields: ['price'], indexes: { name: 'name' } })).toThrowError(
      expect.objectContaining({ code: 'InvalidContract', field: 'Product.indexes.name' }),
    );
  });

  test.each(['', 'Name', 'a-b', '#', '1a', 'a'.repeat(41)])('may not be listed by an index named %j', (index) => {
    expect(() => keep(catalogue.owns.Product, { indexes: { [index]: 'name' } })).toThrowError(
      expect.objectContaining({ code: 'InvalidContract' }),
    );
  });

  test('may not have a revision below 1', () => {
    expect(() => keep(catalogue.owns.Product, { fieldsRevision: 0 })).toThrowError(/not an integer from 1/);
  });

  test('needs one index per name, whichever types it lists', () => {
    const caches = {
      Product: keep(catalogue.owns.Product, { indexes: { price: 'price', name: 'name' } }),
      Label: keep(catalogue.owns.Label, { indexes: { name: 'name' } }),
    };
    expect(indexNames(defineBoundary('file:///x.ts', { name: 'x', caches }))).toEqual(['name', 'price']);
  });
});

describe('an entity type is looked up', () => {
  test.each(['Country', 'toString', '__proto__', ''])('and refused as unknown when it is %j', (type) => {
    expect(() => ownedContract(catalogue, type)).toThrowError(
      expect.objectContaining({
        code: 'UnknownEntityType',
        message: expect.stringContaining('It owns: Product, Label.'),
      }),
    );
    expect(() => cachedType(shop, type)).toThrowError(
      expect.objectContaining({ code: 'UnknownEntityType', message: expect.stringContaining('It keeps: Product.') }),
    );
  });

  test('and refused by a boundary that owns nothing', () => {
    expect(() => ownedContract(shop, 'Product')).toThrowError(/It owns: nothing\./);
  });
});

describe('a state held against its schema', () => {
  const contractOf = (validate: Parameters<typeof schemaOf<State>>[0]) => ({
    ...catalogue.owns.Product,
    schema: schemaOf(validate),
  });

  test('comes back as the schema puts it out, from a schema that answers later too', async () => {
    const later = contractOf(async () => ({ value: { put: 'out' } }));
    expect(await checkedState(later, product(), {})).toEqual({ put: 'out' });
  });

  test('is refused with the path of the first field that is wrong and the number of others', async () => {
    const issue = (path: (PropertyKey | { key: PropertyKey })[]) => ({ message: 'is wrong', path });
    const contract = contractOf(() => ({ issues: [issue(['a', 0, { key: 'b' }]), issue([])] }));
    await expect(checkedState(contract, product(), {})).rejects.toMatchObject({
      code: 'InvalidState',
      field: 'state.a[0].b',
      message: "state.a[0].b: Product/p1 doesn't meet the schema of Product (version 2): is wrong (and 1 more).",
    });
  });

  test('is refused as a whole when the schema names no field', async () => {
    const contract = contractOf(() => ({ issues: [{ message: 'is wrong' }] }));
    await expect(checkedState(contract, product(), {})).rejects.toMatchObject({ field: 'state' });
  });

  test.each([
    ['throws', () => productSchema['~standard'].validate(undefined)],
    ['rejects', () => Promise.reject(new RangeError('Maximum call stack size exceeded'))],
    ['lets through null', () => ({ value: null as never })],
    ['lets through a text', () => ({ value: 'text' as never })],
    ['complains of each of a million things by name', () => ({ issues: [{ message: 'x'.repeat(1_000_000) }] })],
  ])('is invalid, in a short message, when the schema %s', async (_, validate) => {
    const validation = await validateState(contractOf(validate), {});
    expect(validation).toMatchObject({ valid: false, field: '' });
    expect(JSON.stringify(validation).length).toBeLessThan(500);
  });
});
