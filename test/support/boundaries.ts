import type { StandardSchemaV1 } from '@standard-schema/spec';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import type { Json, State } from '../../core/state.ts';

/** The state of an entity in the test boundaries. */
export type Product = { readonly name: string; readonly price: number; readonly tags?: readonly Json[] };

/** A Standard Schema without a library. It requires a text `name` and a number `price`, and reports every issue. */
export const productSchema: StandardSchemaV1<unknown, Product> = schemaOf((value) => {
  const { name, price } = value as Record<string, unknown>;
  const issues: StandardSchemaV1.Issue[] = [];
  if (typeof name !== 'string') issues.push({ message: 'not a text', path: ['name'] });
  if (typeof price !== 'number') issues.push({ message: 'not a number', path: [{ key: 'price' }] });
  return issues.length > 0 ? { issues } : { value: value as Product };
});

/** Makes a Standard Schema from its `validate` function. */
export function schemaOf<S extends State>(
  validate: StandardSchemaV1.Props<unknown, S>['validate'],
): StandardSchemaV1<unknown, S> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

/** A boundary that owns Product and Label. */
export const catalogue = defineBoundary('file:///catalogue.ts', {
  name: 'catalogue',
  owns: { Product: { schema: productSchema, schemaVersion: 2 }, Label: { schema: productSchema } },
});

/** A boundary that caches whole products, with an index on the name. */
export const shop = defineBoundary('file:///shop.ts', {
  name: 'shop',
  caches: { Product: keep(catalogue.owns.Product, { indexes: { name: 'name' } }) },
});
