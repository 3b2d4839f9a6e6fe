import type { Product } from './contracts.ts';

/** The shop's first products. */
export const products: readonly { readonly id: string; readonly state: Product }[] = [
  product('p-kettle', 'Enamel kettle', 'kitchen', 3_900),
  product('p-pan', 'Iron pan', 'kitchen', 5_400),
  product('p-mug', 'Stoneware mug', 'kitchen', 1_450),
  product('p-lamp', 'Desk lamp', 'light', 8_900),
  product('p-bulb', 'Warm bulb', 'light', 790),
  product('p-tent', 'Two-person tent', 'outdoor', 21_900),
  product('p-stove', 'Camping stove', 'outdoor', 6_900),
  product('p-rope', 'Climbing rope', 'outdoor', 12_900),
];

function product(id: string, name: string, category: string, amount: number) {
  const sentence = `${name} that can be repaired: every part of it is available as a spare part. `;
  return { id, state: { name, description: sentence.repeat(8).trim(), category, price: { amount, currency: 'EUR' } } };
}
