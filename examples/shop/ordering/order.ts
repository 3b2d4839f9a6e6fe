import * as z from 'zod/mini';
import type { Agreement } from './agreement.ts';

const line = z.object({
  productId: z.string().check(z.minLength(1), z.maxLength(100)),
  quantity: z.int().check(z.minimum(1), z.maximum(1_000)),
});

/** The body of the request that starts a checkout. */
export const cartRequest = z.strictObject({
  customerId: z.string().check(z.minLength(1), z.maxLength(100)),
  lines: z.array(line).check(z.minLength(1), z.maxLength(100)),
});

/** The quote for one product. Its version says which product data the customer saw, even after later changes. */
const quotedLine = z.object({
  ...line.shape,
  name: z.string(),
  version: z.number(),
  /** When the owner committed this version, ISO 8601. */
  changedAt: z.string(),
  price: z.object({ amount: z.number(), currency: z.string() }),
});

export const quote = z.object({
  lines: z.array(quotedLine),
  total: z.object({ amount: z.number(), currency: z.string() }),
});

/** A shopping cart. */
export const cart = z.object({
  shoppingCartId: z.string(),
  /** See `Agreement`. */
  key: z.string(),
  ...cartRequest.shape,
});

/** The state of an order's payment, according to payment's facts. */
export const paymentState = z.enum(['billed', 'declined', 'refunded']);

export const order = z.object({
  orderId: z.string(),
  shoppingCartId: z.string(),
  customerId: z.string(),
  status: z.enum(['placed', 'cancelled']),
  /** ISO 8601. */
  placedAt: z.string(),
  /** Missing until it is known. */
  payment: z.optional(paymentState),
  /** The quote to which the customer agreed. */
  quote,
});

export type Quote = z.infer<typeof quote>;
export type Cart = z.infer<typeof cart>;
export type PaymentState = z.infer<typeof paymentState>;
export type Order = z.infer<typeof order>;

/** Returns the agreement for a quote: its total, with the cart's key. */
export function agreementOf({ key }: Pick<Cart, 'key'>, { total: { amount, currency } }: Quote): Agreement {
  return { amount, currency, key };
}
