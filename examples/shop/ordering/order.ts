import * as z from 'zod/mini';
import type { Agreement } from './agreement.ts';

const line = z.object({
  productId: z.string().check(z.minLength(1), z.maxLength(100)),
  quantity: z.int().check(z.minimum(1), z.maximum(1_000)),
});

/** What a checkout begins with. */
export const cartRequest = z.strictObject({
  customerId: z.string().check(z.minLength(1), z.maxLength(100)),
  lines: z.array(line).check(z.minLength(1), z.maxLength(100)),
});

/** What was quoted for one product: the version says what the customer saw, whatever the product has become since. */
const quotedLine = z.object({
  ...line.shape,
  name: z.string(),
  version: z.number(),
  /** When the owner committed that version, ISO 8601. */
  changedAt: z.string(),
  price: z.object({ amount: z.number(), currency: z.string() }),
});

export const quote = z.object({
  lines: z.array(quotedLine),
  total: z.object({ amount: z.number(), currency: z.string() }),
});

/** A shopping cart on its way to an order. */
export const cart = z.object({
  shoppingCartId: z.string(),
  /** See `Agreement`. */
  key: z.string(),
  ...cartRequest.shape,
});

/** What became of an order's payment, as payment's facts say. */
export const paymentState = z.enum(['billed', 'declined', 'refunded']);

export const order = z.object({
  orderId: z.string(),
  shoppingCartId: z.string(),
  customerId: z.string(),
  status: z.enum(['placed', 'cancelled']),
  /** ISO 8601. */
  placedAt: z.string(),
  /** Absent until it is known. */
  payment: z.optional(paymentState),
  /** What the customer agreed to. */
  quote,
});

export type Quote = z.infer<typeof quote>;
export type Cart = z.infer<typeof cart>;
export type PaymentState = z.infer<typeof paymentState>;
export type Order = z.infer<typeof order>;

/** What the customer is to agree to: the total of a quote. */
export function agreementOf({ key }: Pick<Cart, 'key'>, { total: { amount, currency } }: Quote): Agreement {
  return { amount, currency, key };
}
