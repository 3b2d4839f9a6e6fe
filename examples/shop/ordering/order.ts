import * as z from 'zod/mini';

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

/** A shopping cart on its way to an order. The order's id is chosen when the checkout begins, so that placing it twice is placing it once. */
export const cart = z.object({
  shoppingCartId: z.string(),
  orderId: z.string(),
  ...cartRequest.shape,
  quote: z.optional(quote),
});

export const order = z.object({
  orderId: z.string(),
  shoppingCartId: z.string(),
  customerId: z.string(),
  status: z.enum(['placed', 'cancelled']),
  /** What the customer agreed to. */
  quote,
});

export type Quote = z.infer<typeof quote>;
export type Cart = z.infer<typeof cart>;
export type Order = z.infer<typeof order>;
