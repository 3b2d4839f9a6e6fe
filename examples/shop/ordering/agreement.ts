import { createHash } from 'node:crypto';
import * as z from 'zod/mini';

/** What a customer agrees to at the review, and hands to payment as it is. */
export const agreement = z.strictObject({
  /** In the currency's smallest unit. */
  amount: z.int().check(z.minimum(1)),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
  /** Of the shopping cart, chosen at random: without it nobody can find out an amount from an order's id by trying. */
  key: z.uuid(),
});

export type Agreement = z.infer<typeof agreement>;

/** Characters of a digest in an order's id: 128 bits, so that no other agreement can be found that has the same. */
const DIGEST_LENGTH = 32;

/**
 * The id of the order that comes of a shopping cart and an agreement. It follows from them, so that payment, which is told ids only, can tell
 * whether the amount that it was given by the customer is the one that ordering quoted.
 */
export function orderIdOf(shoppingCartId: string, { amount, currency, key }: Agreement): string {
  const agreed = JSON.stringify([shoppingCartId, amount, currency, key]);
  return createHash('sha256').update(agreed).digest('hex').slice(0, DIGEST_LENGTH);
}
