import type { Owner } from 'freshet-aws';
import { products } from '../catalog/products.ts';
import { customers } from '../customers/customers.ts';
import { countries, currencies } from '../geography/releases.ts';

/**
 * Has the owners load the data that the shop needs to sell: products, customers, and their countries and currencies.
 *
 * @param ownerOf returns the owner of a type
 * @returns the number of entities of each type
 */
export async function fillShop(
  ownerOf: (type: string) => Owner | Promise<Owner>,
): Promise<Readonly<Record<string, number>>> {
  const used = new Set(customers.flatMap(({ state: { country, currency } }) => [country, currency]));
  const rows = {
    Country: countries().filter(({ id }) => used.has(id)),
    Currency: currencies('2.2.0').filter(({ id }) => used.has(id)),
    Product: products,
    Customer: customers,
  };
  const all = Object.entries(rows).flatMap(([type, ofType]) => ofType.map((row) => ({ type, ...row })));
  await Promise.all(all.map(async ({ type, id, state }) => (await ownerOf(type)).put(type, id, state)));
  return Object.fromEntries(Object.entries(rows).map(([type, { length }]) => [type, length]));
}
