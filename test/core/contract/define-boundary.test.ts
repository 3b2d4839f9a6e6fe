import { describe, expect, test } from 'vitest';
import { cachedType, defineBoundary, indexNames, keep, ownedContract } from '../../../core/contract/define-boundary.ts';
import { checkedState, validateState } from '../../../core/contract/validate.ts';
import type { State } from '../../../core/state.ts';
import { catalogue, productSchema, schemaOf, shop } from '../../support/boundaries.ts';
import { product } from '../../support/events.ts';

const Product = { schema: productSchema };

describe('a boundary', () => {
  test('a boundary gives each type that it owns a name, an owner and default settings', () => {
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

  test('a boundary may own and cache nothing', () => {
    expect(defineBoundary('file:///idle.ts', { name: 'idle' })).toEqual({
      name: 'idle',
      module: 'file:///idle.ts',
      owns: {},
      caches: {},
      publishes: {},
      epoch: 0,
    });
  });

  test.each(['', 'Catalogue', '1st', 'a_b', 'a/b', '-a', 'a'.repeat(31)])('a boundary named %j is refused', (name) => {
    expect(() => defineBoundary('file:///x.ts', { name })).toThrowError(
      expect.objectContaining({ code: 'InvalidContract', field: 'name' }),
    );
  });

  test('a boundary that owns a type with an invalid name is refused', () => {
    expect(() => defineBoundary('file:///x.ts', { name: 'x', owns: { 'Two Words': Product } })).toThrowError(
      expect.objectContaining({ code: 'InvalidEntityType' }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 31])('a type with a schema version of %s is refused', (schemaVersion) => {
    expect(() =>
      defineBoundary('file:///x.ts', { name: 'x', owns: { Product: { ...Product, schemaVersion } } }),
    ).toThrowError(expect.objectContaining({ code: 'InvalidContract', field: 'owns.Product.schemaVersion' }));
  });

  test('a boundary that caches a type under another name is refused', () => {
    const caches = { Article: keep(catalogue.owns.Product) };
    expect(() => defineBoundary('file:///x.ts', { name: 'x', caches })).toThrowError(/Rename it to Product/);
  });

  test('a boundary that caches a type of its own is refused', () => {
    const caches = { Product: keep(catalogue.owns.Product) };
    expect(() => defineBoundary('file:///x.ts', { name: 'catalogue', caches })).toThrowError(/Remove the cache/);
  });
});

describe('a cached type', () => {
  test('a cache keeps the whole state by default', () => {
    expect(keep(catalogue.owns.Product)).toEqual({
      contract: catalogue.owns.Product,
      fields: undefined,
      fieldsRevision: 1,
      indexes: {},
      onPoison: 'park',
    });
  });

  test('an index on a field that the cache does not keep is refused', () => {
    // @ts-expect-error: it doesn't compile either
    expect(() => keep(catalogue.owns.Product, { fields: ['price'], indexes: { name: 'name' } })).toThrowError(
      expect.objectContaining({ code: 'InvalidContract', field: 'Product.indexes.name' }),
    );
  });

  test.each(['', 'Name', 'a-b', '#', '1a', 'a'.repeat(41)])('an index named %j is refused', (index) => {
    expect(() => keep(catalogue.owns.Product, { indexes: { [index]: 'name' } })).toThrowError(
      expect.objectContaining({ code: 'InvalidContract' }),
    );
  });

  test('a fields revision below 1 is refused', () => {
    expect(() => keep(catalogue.owns.Product, { fieldsRevision: 0 })).toThrowError(
      'Product.fieldsRevision: not a valid revision: 0. Allowed: an integer from 1 to 2147483647.',
    );
  });

  test('types that use the same index name share one index', () => {
    const caches = {
      Product: keep(catalogue.owns.Product, { indexes: { price: 'price', name: 'name' } }),
      Label: keep(catalogue.owns.Label, { indexes: { name: 'name' } }),
    };
    expect(indexNames(defineBoundary('file:///x.ts', { name: 'x', caches }))).toEqual(['name', 'price']);
  });
});

describe('looking up an entity type', () => {
  test.each([
    'Country',
    'toString',
    '__proto__',
    '',
  ])('the unknown type %j is refused with a list of known types', (type) => {
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

  test('a boundary that owns nothing refuses every type and says that it owns nothing', () => {
    expect(() => ownedContract(shop, 'Product')).toThrowError(/It owns: nothing\./);
  });
});

describe('validating a state', () => {
  const contractOf = (validate: Parameters<typeof schemaOf<State>>[0]) => ({
    ...catalogue.owns.Product,
    schema: schemaOf(validate),
  });

  test("validation returns the schema's output, also from an asynchronous schema", async () => {
    const asynchronous = contractOf(async () => ({ value: { put: 'out' } }));
    expect(await checkedState(asynchronous, product(), {})).toEqual({ put: 'out' });
  });

  test('an invalid state is refused with the path of the first wrong field and the number of issues', async () => {
    const issue = (path: (PropertyKey | { key: PropertyKey })[]) => ({ message: 'is wrong', path });
    const contract = contractOf(() => ({ issues: [issue(['a', 0, { key: 'b' }]), issue([])] }));
    await expect(checkedState(contract, product(), {})).rejects.toMatchObject({
      code: 'InvalidState',
      field: 'state.a[0].b',
      message: "state.a[0].b: Product/p1 doesn't meet the schema of Product (version 2): is wrong (and 1 more).",
    });
  });

  test('an invalid state is refused as a whole if the schema names no field', async () => {
    const contract = contractOf(() => ({ issues: [{ message: 'is wrong' }] }));
    await expect(checkedState(contract, product(), {})).rejects.toMatchObject({ field: 'state' });
  });

  test.each([
    ['throws', () => productSchema['~standard'].validate(undefined)],
    ['rejects', () => Promise.reject(new RangeError('Maximum call stack size exceeded'))],
    ['returns null', () => ({ value: null as never })],
    ['returns a text', () => ({ value: 'text' as never })],
    ['returns an issue with a million characters', () => ({ issues: [{ message: 'x'.repeat(1_000_000) }] })],
  ])('a state is invalid, with a short message, if the schema %s', async (_, validate) => {
    const validation = await validateState(contractOf(validate), {});
    expect(validation).toMatchObject({ valid: false, field: '' });
    expect(JSON.stringify(validation).length).toBeLessThan(500);
  });
});
