import type { Owner } from '../../../adapters/own/owner-table.ts';
import { products } from '../catalog/products.ts';
import { customers } from '../customers/customers.ts';
import { countries, currencies } from '../geography/releases.ts';

/**
 * Has the owners load what the shop needs to sell: products, customers, and the countries and currencies of these.
 *
 * @param ownerOf a type's owner
 * @returns how many entities there are of each type
 */
export async function fillShop(ownerOf: (type: string) => Owner): Promise<Readonly<Record<string, number>>> {
  const used = new Set(customers.flatMap(({ state: { country, currency } }) => [country, currency]));
  const rows = {
    Country: countries().filter(({ id }) => used.has(id)),
    Currency: currencies('2.2.0').filter(({ id }) => used.has(id)),
    Product: products,
    Customer: customers,
  };
  const all = Object.entries(rows).flatMap(([type, ofType]) => ofType.map((row) => ({ type, ...row })));
  await Promise.all(all.map(({ type, id, state }) => ownerOf(type).put(type, id, state)));
  return Object.fromEntries(Object.entries(rows).map(([type, { length }]) => [type, length]));
}
