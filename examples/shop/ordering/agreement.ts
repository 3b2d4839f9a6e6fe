import { createHash } from 'node:crypto';
import * as z from 'zod/mini';

/** The agreement that a customer makes at the review and sends to payment unchanged. */
export const agreement = z.strictObject({
  /** The total in the currency's smallest unit. */
  amount: z.int().check(z.minimum(1)),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
  /** A random key of the shopping cart. Without it, nobody can find the amount of an order's id by trying amounts. */
  key: z.uuid(),
});

/** A customer's agreement, see `agreement`. */
export type Agreement = z.infer<typeof agreement>;

/** Hexadecimal characters of an order's id: 128 bits, so that nobody can find another agreement with the same id. */
const DIGEST_LENGTH = 32;

/**
 * Returns the id of the order for a shopping cart and an agreement. The id is computed from both. Payment receives only
 * ids from ordering, and checks by this id that the customer sent it the amount that ordering quoted.
 */
export function orderIdOf(shoppingCartId: string, { amount, currency, key }: Agreement): string {
  const agreed = JSON.stringify([shoppingCartId, amount, currency, key]);
  return createHash('sha256').update(agreed).digest('hex').slice(0, DIGEST_LENGTH);
}
